from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.exporting.formats import litert
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.images import ImageGraphs
from tests.support.tiny_servings import classes_task, make_serving, photo

interpreters = pytest.importorskip("ai_edge_litert.interpreter")


def test_both_signatures_answer_as_the_run(tmp_path: Path) -> None:
    serving = make_serving(classes_task())
    litert.write(ImageGraphs(serving), tmp_path, ExportOptions())
    opened = interpreters.Interpreter(str(tmp_path / "model.tflite"))
    assert set(opened.get_signature_list()) == {"any_size", "fitted"}
    any_size, fitted = map(opened.get_signature_runner, ("any_size", "fitted"))
    for size in ((19, 25), (3, 2), (6, 8)):
        images = np.stack([photo(*size, seed) for seed in range(2)])
        found = any_size(image=images)["probabilities"]
        assert np.abs(found - np.asarray(serving.model()(images))).max() < 1e-3
    own = photo(6, 8)[np.newaxis]
    assert np.abs(fitted(image=np.float32(own))["probabilities"] - np.asarray(serving.model()(own))).max() < 1e-5
