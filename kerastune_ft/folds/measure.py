"""Measuring a schedule by folds, without an ensemble: what a search needs to know of a configuration."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastune_ft.folds.division import Fold, choose_fold, divide_rest
from kerastune_ft.folds.watch import FoldWatcher
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.left_weights import left_epoch, left_metrics
from kerastune_ft.training.loop import result_of, run_phases
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.pins import Pins
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

RECORD = "fold.json"
"""The file of a fold that was measured, in its own directory."""
_PHASES = "phases"


def measure_folds(
    session: Session,
    run: RunDirectory,
    folds: int,
    watch: Watcher,
    stop: StopRequest,
    *,
    turn: int = 0,
    pinned: Pins | None = None,
    prepare: Callable[[RunContext, PhasePlan], Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Train the phases of a session's configuration on every fold, and yield what each gave, in the order of folds.

    What is yielded has `fold`, `trained` and `validated` (numbers of examples), `best_epochs` by phase, and `metrics`:
    those that the last phase left on the fold, by the names of its history (`validation_accuracy`).
    `summary.summarise` makes mean and interval of them. Between two folds the caller may do what it likes, and give up
    the rest. `run` is a directory that this process has locked: called again with it, this goes on where it was left,
    inside a fold too, with the same figures to the last bit; of a fold that is done it keeps the record alone.

    They are the figures of `crossvalidate` with the same configuration, where the session was assembled on
    `division.join_rest` of its data and `pinned` is what `crossvalidate` pins: `runtime.pinned`, if it is given.
    All folds read the stores of `pinned`; `prepare` takes compiled steps of other schedules. The test split is not
    read. `turn` is the seed of the division, and the number that was added to the seed of the file for the session.
    """
    parts = divide_rest(session.source, folds, turn, session.config.data.splits)
    for number in range(folds):
        stop.honour()
        own = RunDirectory(run.path / Fold(turn, number).place)
        if not own.exists(RECORD):
            of_fold = replace(session, source=choose_fold(session.source, parts, number))
            said = FoldWatcher(watch, f"fold {number + 1} of {folds}")
            own.commit_json(RECORD, {"fold": number, **_measure(of_fold, own, said, stop, pinned, prepare)})
        # Weights that nothing will ask for.
        shutil.rmtree(Path(str(own)) / _PHASES, ignore_errors=True)
        yield own.read_json(RECORD)


def _measure(
    session: Session,
    run: RunDirectory,
    watch: Watcher,
    stop: StopRequest,
    pinned: Pins | None,
    prepare: Callable[[RunContext, PhasePlan], Any] | None,
) -> dict[str, Any]:
    """Return what the phases gave on one fold, which are trained from wherever they are."""
    plan = planning.make(session, run.read_json("plan.json") if run.exists("plan.json") else None, pinned)
    run.commit_json("plan.json", plan.document)
    with naming_lost_files(session.source), PhaseFeed() as feed:
        for result in run_phases(RunContext(session, plan, run, watch, stop, feed, prepare)):
            if result["index"] == len(plan.phases) - 1:
                # Going on would load its best weights, which nothing measures any more.
                break
    results = [result_of(run, phase) or {} for phase in plan.phases]
    splits = session.source.splits
    return {
        "trained": len(splits["train"]),
        "validated": len(splits["validation"]),
        "best_epochs": {phase.phase.name: left_epoch(each) for phase, each in zip(plan.phases, results, strict=True)},
        "metrics": dict(left_metrics(results[-1])),
    }
