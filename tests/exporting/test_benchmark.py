from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.exporting import benchmark as module
from kerastune_ft.exporting.process import ExportProcess


def test_it_measures_inputs_of_the_sizes_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = {
        "version": 1,
        "runtime": ["onnxruntime"],
        "modality": "image",
        "measured_sizes": [[5, 6, "RGB"], [7, 8, "I;16"]],
    }
    (tmp_path / "export.json").write_text(json.dumps(document))
    (tmp_path / "labels.json").write_text("[]")
    given: list[int] = []
    monkeypatch.setattr(ExportProcess, "measure", lambda self, inputs: given.append(len(inputs)) or {"1": {}})
    found = module.benchmark(tmp_path)
    assert given == [2]
    assert (found["latency"], found["files"]) == ({"1": {}}, {"labels.json": 2})
    assert json.loads((tmp_path / "export.json").read_text()) == document, "nothing is written"
