from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft.api.runs import Run
from kerastune_ft.cli.commands import main
from kerastune_ft.errors import PromiseError

MADE = {
    "folder": "my run/export/onnx",
    "files": {"a": 1_000_000},
    "latency": {"1": {"cpu_ms": 1.0, "wall_ms": 2.0}},
    "headlines": [],
    "compared": {
        "largest_difference": 0.0, "unit": "of a probability", "tolerance": 0.001, "samples": 2, "split": "test",
        "flips": [{"sample": "a.png", "run": "cat", "export": "dog", "gap": 0.0004}],
        "score": "accuracy", "run": 1.0, "export": 1.0,
    },
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(Run, "export", lambda self, form, output, **options: MADE)
    return tmp_path


def test_it_prints_the_table_the_flips_and_the_next_command(run: Path) -> None:
    said = CliRunner().invoke(main, ["export", str(run), "--format", "onnx"]).output
    assert "1.00 MB in 1 file" in said
    assert "a.png: cat by the run, dog by the export" in said
    assert "next: python -m kerastune_ft serve 'my run/export/onnx'" in said


def test_json_is_the_document(run: Path) -> None:
    said = CliRunner().invoke(main, ["export", str(run), "--format", "onnx", "--json"]).output
    assert json.loads(said) == MADE


def test_an_export_that_answers_otherwise_ends_with_5(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **options: Any) -> None:
        raise PromiseError("it answers otherwise")

    monkeypatch.setattr(Run, "export", refuse)
    assert CliRunner().invoke(main, ["export", str(run), "--format", "onnx"]).exit_code == 5


def test_benchmark_refuses_what_is_no_export(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["benchmark", str(tmp_path)])
    assert done.exit_code == 2
