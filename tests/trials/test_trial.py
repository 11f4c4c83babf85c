"""One trial: what it records, and which errors are its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.api.search import SearchResult
from kerastune_ft.errors import ConfigError, DataError, DivergedError, ResourceError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.study import COMPLETE, FAILED
from kerastune_ft.trials.trial import Goal, TrialRunner, belongs_to_trial


def test_a_trial_is_recorded_with_its_curve_over_all_phases_and_its_cost(searched: SearchResult) -> None:
    whole = [record for record in searched.trials if record.state == COMPLETE]
    assert len(whole) >= 5
    for record in whole:
        assert [(point.phase, point.epoch) for point in record.curve] == [
            ("head", 1), ("head", 2), ("top", 1), ("top", 2), ("top", 3),
        ]  # fmt: skip
        assert record.value == min(point.value for point in record.curve if point.phase == "top")
        assert record.cpu_seconds > 0


def test_what_another_trial_would_not_have_is_the_trials_own() -> None:
    memory = ResourceError("out of memory")
    memory.__cause__ = MemoryError()
    own = [ConfigError("no unit"), DivergedError("NaN"), DataError("validation_r2 is not defined"), memory]
    assert all(map(belongs_to_trial, own))
    common = [DataError("data.path: 1 file is gone"), ResourceError("no space left")]
    assert not any(map(belongs_to_trial, common))
    with pytest.raises(DataError):
        raise common[0]


def test_a_trial_that_fails_in_a_fold_keeps_no_weights(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)

    def diverge(*given: Any) -> None:
        for folder in ("phases/00-head", "folds/fold_0/phases/00-head"):
            run.commit(f"{folder}/best.safetensors", b"weights")
        run.commit("folds/fold_0/history.csv", b"")
        raise DivergedError("the loss is no number")

    models, nothing = SimpleNamespace(open=diverge), SimpleNamespace()
    goal = Goal("validation_loss", maximise=False, prunes=True, folds=2)
    runner = TrialRunner(models, nothing, goal, Watcher(), StopRequest())  # type: ignore[arg-type]
    record = runner.run(0, {}, nothing, run, [])  # type: ignore[arg-type]
    assert (record.state, record.error) == (FAILED, "DivergedError")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["history.csv"]
