from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.exporting.process import ExportProcess


def test_all_runtimes_but_that_of_the_format_are_blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[dict[str, Any]] = []

    def run(words: list[str], input: str, **options: Any) -> SimpleNamespace:
        assert "-P" in words
        jobs.append(json.loads(input))
        return SimpleNamespace(returncode=1, stdout='{"error": "no image"}\n', stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    # With 1 it says of an input that it cannot be read.
    assert ExportProcess(tmp_path, ("tensorflow", "keras")).answer(["a"], tmp_path) == [{"error": "no image"}]
    (job,) = jobs
    assert "kerastune_ft" in job["blocked"] and "onnxruntime" in job["blocked"]
    assert not {"tensorflow", "keras"} & set(job["blocked"])
    assert job["script"] == str(tmp_path / "predict.py")
