from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from tests.support.tiny_servings import photo

pytest.importorskip("onnxruntime")
from kerastune_ft.exporting.scripts.boxes import onnx_boxes as script

ROWS = np.float32([[1, 2, 3, 4, 1, 0.75], [0, 0, 2, 2, 0, 0.5], [0, 0, 1, 1, 1, 0.375], [-1] * 6])


def test_boxes_from_the_threshold_of_their_class_on_are_printed_and_images_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    session = SimpleNamespace(run=lambda names, inputs: [ROWS[np.newaxis]])
    model = SimpleNamespace(session=session, exif="apply", intensity=None, names=["a", "b"], thresholds=[0.5, 0.4])
    monkeypatch.setattr(script, "load", lambda folder: model)
    Image.fromarray(photo(5, 4)).save(tmp_path / "cells.png")
    given = [str(tmp_path / "cells.png"), str(tmp_path / "absent.png")]
    monkeypatch.setattr(sys, "argv", ["predict.py", *given])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 1, "one could not be read"
    found, bad = map(json.loads, capsys.readouterr().out.splitlines())
    assert found == {
        "input": given[0],
        "boxes": [
            {"label": "b", "score": 0.75, "box": [1, 2, 3, 4]},
            {"label": "a", "score": 0.5, "box": [0, 0, 2, 2]},
        ],
    }
    assert "cannot be read" in bad["error"]


def test_images_of_several_sizes_are_answered_one_by_one() -> None:
    session = SimpleNamespace(run=lambda names, inputs: [np.float32([[[0, 0, *inputs["image"].shape[1:3], 0, 1]]])])
    model = SimpleNamespace(session=session, names=["a"], thresholds=[0.5])
    found = script.predict(model, [photo(5, 4), photo(7, 9)])
    assert [each["boxes"][0]["box"] for each in found] == [[0, 0, 5, 4], [0, 0, 7, 9]]
