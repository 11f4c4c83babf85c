from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.exporting.scripts.several import keras_inputs as script
from tests.support.tiny_servings import photo


def test_rows_of_a_table_are_answered_and_what_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: list[Any] = []

    def compute(inputs: Any, training: bool) -> Any:
        given.append(inputs)
        return np.float32([[0.25, 0.75]])

    read = {"images": {"image": "{id}.png"}, "texts": [], "numbers": ["x"], "words": {"w": ["a", "b"]}, "missing": [""]}
    more = {"exif": "apply", "intensity": None, "outputs": ["probabilities"], "thresholds": None, "are_numbers": False}
    model = SimpleNamespace(model=compute, names=["no", "yes"], **read, **more)
    monkeypatch.setattr(script, "load", lambda folder: model)
    Image.fromarray(photo(5, 4)).save(tmp_path / "7.png")
    table = tmp_path / "rows.csv"
    table.write_text("id,x,w\n7,1.5,b\n7,old,b\n8,,\n7,,c\n")
    monkeypatch.setattr(sys, "argv", ["predict.py", str(table)])
    with pytest.raises(SystemExit) as ended:
        script.main()
    first, second, third, fourth = map(json.loads, capsys.readouterr().out.splitlines())
    assert ended.value.code == 1
    assert first == {"input": f"{table}:2", "label": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}
    assert second == {"input": f"{table}:3", "error": 'x is "old", which is no number'}
    assert "cannot be read as an image" in third["error"] and fourth["label"] == "yes"
    assert [each["words"].tolist() for each in given] == [[[2]], [[0]]]
    assert given[0]["image"].dtype == np.float32 and np.array_equal(given[0]["image"][0], photo(5, 4))
    np.testing.assert_array_equal(given[1]["numbers"], [[np.nan]])
