from __future__ import annotations

from pathlib import Path

from kerastune_ft.exporting.formats import keras_file
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.images import ImageGraphs
from tests.support.tiny_servings import classes_task, make_serving


def test_it_is_the_file_of_the_run(tmp_path: Path) -> None:
    graphs = ImageGraphs(make_serving(classes_task()), read_saved=str.encode)
    (described,) = keras_file.write(graphs, tmp_path, ExportOptions())
    assert (tmp_path / described["file"]).read_bytes() == b"model/model.keras"
    assert described["what"].startswith("decoded RGB image, 0 to 255, any size; probabilities")
