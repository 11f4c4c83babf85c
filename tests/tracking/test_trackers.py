"""`output.trackers` in whole runs: every step once over a stop, failures as notes, files and identities kept."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import kerastune_ft
from kerastune_ft.config.options.trackers import Mlflow
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking import trackers
from kerastune_ft.tracking.event_file import read_records
from tests.support.tiny_run import document, history, write_data
from tests.support.tracked import Kept
from tests.support.trained_runs import small_backbone


def configuration(folder: Path) -> dict[str, Any]:
    made = document(write_data(folder / "data.npz")) | {"backbone": small_backbone(folder)}
    made["defaults"] |= {"epochs": 1}
    return made


def deliver(monkeypatch: pytest.MonkeyPatch, kind: str, sink: Any) -> None:
    """Put a sink in the place of a tracker's."""
    module = ModuleType(f"{kind}_stand_in")
    vars(module)["open_sink"] = lambda options, run: sink
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(trackers.SINKS, kind, module.__name__)


# That every step is written once over a kill, and failures said once, is in test_run_tracker.py.
@pytest.mark.slow
def test_a_run_is_tracked_over_a_stop_and_failures_cost_a_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, failing = Kept(), Kept(fails=True)
    deliver(monkeypatch, "mlflow", kept)
    deliver(monkeypatch, "wandb", failing)
    config, run_dir = configuration(tmp_path), tmp_path / "run"
    config["output"] |= {"trackers": ["tensorboard", {"kind": "mlflow", "experiment": "x"}, "wandb"]}
    kerastune_ft.run(config, run_dir, until_phase="head")
    run = kerastune_ft.run(config, run_dir)
    rows = history(run_dir)
    ends = [int(rows[0]["step"]), int(rows[0]["step"]) + int(rows[1]["step"])]
    records = [
        record for file in sorted((run_dir / "tensorboard").iterdir()) for record in read_records(file.read_bytes())
    ]
    assert [record.step for record in records if "validation/loss" in record.tags] == ends
    losses = [(step, value) for step, tag, value in kept.kept["figures"] if tag == "train/loss"]
    assert losses == [(end, float(row["train_loss"])) for end, row in zip(ends, rows, strict=True)]
    assert kept.kept["begun"].identity == {"run": "first"}
    assert kept.kept["states"] == ["interrupted", "done"]
    assert kept.kept["files"] == ["report/index.html", "model/README.md", "model/card.json", "config.json"]
    assert run.manifest["trackers"] == {"tensorboard": {"folder": "tensorboard"}, "mlflow": {"run": "first"}}
    assert capsys.readouterr().err.count("the tracker wandb could not be written to") == 2
    assert (run_dir / "log.txt").read_text().count("ConnectionError: the server is gone") == 2
    assert [finding for check in kerastune_ft.verify(run_dir).checks for finding in check.findings] == []
    # As if it had been killed before the trackers heard of its end.
    (run_dir / "report/index.html").unlink()
    kept.kept["figures"] = [each for each in kept.kept["figures"] if not each[1].startswith("final/")]
    kerastune_ft.run(config, run_dir)
    assert kept.kept["states"][2:] == ["done"]
    assert [tag for _, tag, _ in kept.kept["figures"]].count("final/test/loss") == 1
    assert [(step, value) for step, tag, value in kept.kept["figures"] if tag == "train/loss"] == losses


def test_trackers_are_asked_before_a_run_begins_and_not_waited_for_later(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Gone(Kept):
        error: Exception = ConfigError("output.trackers: nobody answers")

        def require(self) -> None:
            raise self.error

    deliver(monkeypatch, "mlflow", Gone())
    options = Mlflow()
    run, said = RunDirectory(tmp_path), list[str]()
    with pytest.raises(ConfigError, match="nobody answers"):
        trackers.check_reached([options], run, said.append, False)
    trackers.check_reached([options], run, said.append, True)
    assert said == [
        "output.trackers: nobody answers; the run goes on, and the tracker gets what it missed when it is there again"
    ]
    Gone.error = ValueError("base_url: no address")
    with pytest.raises(
        ConfigError, match=r"mlflow cannot be used \(ValueError: base_url: no address\); mend its settings"
    ):
        trackers.check_reached([options], run, said.append, False)


def test_a_tracker_that_is_not_installed_is_refused_by_plan_and_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    config = configuration(tmp_path)
    config["output"] |= {"trackers": ["wandb"]}
    for call in (kerastune_ft.plan, kerastune_ft.run):
        with pytest.raises(ConfigError, match=r"output.trackers: wandb cannot be imported .*pip install \"wandb"):
            call(config)
    assert not (tmp_path / "runs").exists()
