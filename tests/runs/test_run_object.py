"""The Python API on a finished run; nothing here needs TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.training import engine


def test_a_run_has_history_metrics_and_manifest(base: Path) -> None:
    run = kt.open_run(base)
    assert run.path == base
    document = json.loads((base / "metrics.json").read_text())
    assert run.metrics == {split: document[split] for split in ("validation", "test")}
    assert run.examples == document["examples"]
    low, high = run.intervals["test"]["accuracy"]
    assert [low, high] == document["intervals"]["test"]["accuracy"]
    assert low <= run.metrics["test"]["accuracy"] <= high
    assert {each["level"] for each in run.findings} <= {"good", "hint", "warning"}
    assert run.manifest["state"] == "done"
    assert list(run.history["phase"]) == ["head", "head", "top", "top"]
    assert run.history["step"].tolist() == [5, 10, 3, 6]


def test_it_shows_curves_and_a_report(base: Path) -> None:
    import matplotlib.pyplot

    run = kt.open_run(base)
    figure = run.plot()
    assert figure.axes
    matplotlib.pyplot.close(figure)
    page = run.report().read_text()
    assert "<html" in page
    assert "tiny" in page
    assert "<" in run._repr_html_()


def test_it_says_what_every_phase_did(base: Path) -> None:
    rows = kt.open_run(base).phases
    manifest = json.loads((base / "manifest.json").read_text())
    best = [result["best"][result["monitor"]] for result in manifest["phases"]]
    assert [row["after"] for row in rows] == best and rows[1]["before"] == best[0]
    assert rows[1]["gain"] == best[1] - best[0]
    assert [row["steps"] for row in rows] == [10, 6]
    assert rows[1]["moved"] == manifest["phases"][1]["distances"]["start"]["weights"]
    assert 0 < sum(row["share"] for row in rows) < 1
    assert "monitor" in repr(rows) and "<table" in rows._repr_html_()


def test_the_same_call_returns_the_finished_run(base: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its data is opened, to say whether it changed, and nothing else is done.
    monkeypatch.setattr(engine, "execute", lambda *arguments: pytest.fail("it was carried on"))
    assert kt.run(folder / "tiny.json", run_dir=base).metrics["test"]
    document = json.loads((folder / "tiny.json").read_text())
    assert kt.run(document, run_dir=base).path == base


def test_a_directory_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(kt.ConfigError, match="is no run directory") as caught:
        kt.open_run(tmp_path)
    assert caught.value.exit_code == 2


def test_another_process_cannot_start_over_a_run_in_use(base: Path, folder: Path) -> None:
    from kerastune_ft.rundir import RunDirectory

    with RunDirectory(base).lock(), pytest.raises(kt.ConfigError, match="is in use by process"):
        kt.run(folder / "tiny.json", run_dir=base, fresh=True)
    assert (base / "metrics.json").exists()


def test_a_run_without_evaluation_has_no_metrics(folder: Path, commands: object) -> None:
    assert kt.Run(folder / "split").metrics == {}
