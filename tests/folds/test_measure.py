"""A schedule measured by folds: the figures of a cross-validation, in one process, and never twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.api.folds import CrossValidation
from kerastune_ft.config.read import read
from kerastune_ft.errors import Interrupted
from kerastune_ft.folds.division import join_rest
from kerastune_ft.folds.measure import measure_folds
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.devices import devices
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.run_directory.run_data import open_data
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher


@pytest.fixture(scope="module")
def session(fold_document: dict[str, Any]) -> Session:
    config = read(fold_document)
    source = join_rest(open_data(config, lambda line: None))
    return assemble(config, devices.resolve(config.runtime), lambda line: None, source)


def test_figures_are_those_of_the_cross_validation(
    session: Session, crossvalidated: CrossValidation, tmp_path: Path
) -> None:
    found = list(measure_folds(session, RunDirectory(tmp_path), 2, Watcher(), StopRequest()))
    assert [each["fold"] for each in found] == [0, 1]
    for each, member in zip(found, crossvalidated.results["members"], strict=True):
        assert {name: value for name, value in each.items() if name != "metrics"} == {
            name: member[name] for name in ("fold", "trained", "validated", "best_epochs")
        }
        assert each["metrics"] == {f"validation_{name}": value for name, value in member["metrics"].items()}
    left = sorted(path.name for path in (tmp_path / "seed_0_fold_0").iterdir())
    assert "fold.json" in left and "phases" not in left, left


def test_what_is_measured_is_read_and_a_stop_ends_it_between_two(session: Session, tmp_path: Path) -> None:
    stop = StopRequest()
    folds = measure_folds(session, RunDirectory(tmp_path), 2, Watcher(), stop)
    first = next(folds)
    stop.deadline = 0.0
    with pytest.raises(Interrupted):
        next(folds)
    record = tmp_path / "seed_0_fold_0" / "fold.json"
    record.write_text(json.dumps({**first, "trained": -1}))
    again = measure_folds(session, RunDirectory(tmp_path), 2, Watcher(), StopRequest())
    assert next(again)["trained"] == -1
