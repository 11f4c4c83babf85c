"""The table that a run and its export are given is read alike by both, and sizes of inputs are kept."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.data.several.columns import read_columns
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.exporting.samples import several
from kerastune_ft.exporting.scripts.several.inputs import list_examples, read_numbers
from tests.support.tiny_servings import photo
from tests.support.tiny_several import CELLS, INPUTS


@pytest.fixture
def source(tmp_path: Path) -> Any:
    paths = [tmp_path / f"{row}.png" for row in range(3)]
    for row, path in enumerate(paths):
        Image.fromarray(photo(5 + row, 4, row)).save(path)
    image = SimpleNamespace(find_file=lambda index: str(paths[index]), keys=list(map(str, paths)))
    text = SimpleNamespace(texts=[("a",), ('say "b", so\nc!',), ("d",)])
    return SimpleNamespace(parts={"image": image, "text": text}, cells=CELLS)


def test_the_run_and_predict_read_the_same_of_the_table(source: Any, tmp_path: Path) -> None:
    data = SimpleNamespace(inputs=INPUTS, path=str(tmp_path / "all.csv"), intensity=None)
    given = several.give(source, [2, 1], data, tmp_path)
    (table,) = several.ask(given, tmp_path)
    assert several.pass_on(given, tmp_path) == [table]
    columns = INPUTS.model_dump(exclude_none=True)
    model = SimpleNamespace(
        images={"image": columns["image"]},
        texts=["note"],
        numbers=["age", "dose"],
        words=columns["words"],
        missing=[""],
    )
    found = [example for _, example in list_examples(model, table)]
    assert found == given
    own = CELLS.select([2, 1])
    numbers = np.concatenate([read_numbers(model, each["numbers"]) for each in found])
    np.testing.assert_array_equal(numbers, np.float32(np.stack([*own.numbers.values()], axis=1)))
    np.testing.assert_equal(vars(read_columns(read_table(Path(table)), INPUTS)), vars(own))


def test_inputs_of_the_same_sizes_hold_nothing_of_the_run(source: Any, tmp_path: Path) -> None:
    data = SimpleNamespace(inputs=INPUTS, path=str(tmp_path / "all.csv"), intensity=None)
    sizes = several.measure_sizes(several.give(source, [0, 1], data, tmp_path))
    (tmp_path / "other").mkdir()
    found = several.imitate(sizes, tmp_path / "other")
    assert several.measure_sizes(found) == sizes
    assert sizes[0] == {"image": [5, 4, "RGB"], "text": [1], "numbers": 2, "words": 2}
