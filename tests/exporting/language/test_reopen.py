"""The program that scores an exported preset, with a stand-in for keras-hub's model; a real one is in test_export."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras_hub
import numpy as np
import pytest

from kerastune_ft.exporting.language import reopen


class _Adder:
    """A model that adds what its backbone says to the tokens that are not padding."""

    asked: dict[str, Any]

    def __init__(self) -> None:
        self.backbone = {"more": 1}

    @classmethod
    def from_preset(cls, preset: str, **options: Any) -> _Adder:
        cls.asked = {"preset": preset, **options}
        return cls()

    def __call__(self, given: dict[str, np.ndarray], training: bool) -> np.ndarray:
        assert not training
        return (given["token_ids"] + self.backbone["more"]) * given["padding_mask"]


@pytest.mark.parametrize("adapted", [False, True])
def test_rows_are_scored_in_order_with_what_adapters_change(
    adapted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_hub.models, "Adder", _Adder, raising=False)
    monkeypatch.setattr(sys, "argv", ["reopen.py", str(tmp_path / "job.json")])
    monkeypatch.setitem(sys.modules, "blocked_here", sys)
    rows = [{"token_ids": [[1, 2, 3]], "padding_mask": [[1, 1, 0]]}, {"token_ids": [[7]], "padding_mask": [[1]]}]
    np.savez(
        tmp_path / "given.npz", **{f"{n}/{name}": each for n, row in enumerate(rows) for name, each in row.items()}
    )
    (tmp_path / "apply.py").write_text(
        "import pathlib\ndef apply(backbone, file):\n    backbone['more'] = int(pathlib.Path(file).read_text())\n"
    )
    (tmp_path / "adapters").write_text("40")
    job = {
        "preset": "folder", "class": "Adder", "has_tokenizer": not adapted, "names": ["token_ids", "padding_mask"],
        "given": str(tmp_path / "given.npz"), "scores": str(tmp_path / "scores.npz"), "rows": 2,
        "blocked": ["blocked_here"], "adapters": str(tmp_path / "adapters") if adapted else None,
        "script": str(tmp_path / "apply.py") if adapted else None,
    }  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job))
    reopen.main()
    with pytest.raises(ModuleNotFoundError):
        __import__("blocked_here")
    expected = {"preset": "folder", "dtype": "float32"}
    assert _Adder.asked == ({**expected, "preprocessor": None} if adapted else expected)
    more = 40 if adapted else 1
    with np.load(tmp_path / "scores.npz") as found:
        assert found["0"].tolist() == [[1 + more, 2 + more, 0]]
        assert found["1"].tolist() == [[7 + more]]
        assert found["0"].dtype == np.float32
