"""A run as ONNX: written, answered by its own predict.py in a process without TensorFlow, kept in the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.exporting.process import ExportProcess

pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")


def test_an_export_answers_as_the_run(small_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExportProcess, "seconds", 0.0)
    made = kt.open_run(small_base).export("onnx", samples=6)
    folder = Path(made["folder"])
    assert folder == small_base / "export" / "onnx"
    document = json.loads((folder / "export.json").read_text())
    assert document["compared"]["samples"] == 6
    assert document["compared"]["largest_difference"] <= 1e-3
    assert set(document["files"]) == {path.name for path in folder.iterdir()} - {"export.json"}
    assert list(document["latency"]) == ["1", "32"]
    assert [path.name for path in folder.parent.iterdir()] == ["onnx"], "nothing else is left"
