from __future__ import annotations

from pathlib import Path

from kerastune_ft.api.run_figures import RunFigures


def write_run(folder: Path) -> RunFigures:
    folder.mkdir()
    (folder / "metrics.json").write_text('{"test": {"accuracy": 0.5}, "examples": {"test": 4}}')
    (folder / "history.csv").write_text("phase,epoch\nhead,1\nhead,2\n")
    return RunFigures(folder)


def test_figures_are_those_of_the_files(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    assert run.metrics == {"test": {"accuracy": 0.5}}
    assert run.examples == {"test": 4}
    assert run.history["epoch"].tolist() == [1, 2]


def test_what_is_not_written_yet_is_empty(tmp_path: Path) -> None:
    run = RunFigures(tmp_path)
    assert (run.metrics, run.examples, run.constant, len(run.history)) == ({}, {}, {}, 0)


def test_runs_are_equal_by_their_directory(tmp_path: Path) -> None:
    assert RunFigures(tmp_path) == RunFigures(tmp_path / ".." / tmp_path.name)
    assert RunFigures(tmp_path) != RunFigures(tmp_path / "other")
