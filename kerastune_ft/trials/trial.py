"""One trial: the phases of a schedule, without a saved model, a report or a look at the test split."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import (
    ConfigError,
    DataError,
    DivergedError,
    Interrupted,
    KerasTuneError,
    ResourceError,
    explain_exhaustion,
    is_exhaustion,
)
from kerastune_ft.folds.summary import summarise_members
from kerastune_ft.graph.rebuild.precision import FLOAT32
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.checkpoint import Checkpoints
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.history import read_rows
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.left_weights import left_metrics
from kerastune_ft.training.loop import load_best, result_of, run_phases
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.assemble import in_float32
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.feeds import SharedFeeds
from kerastune_ft.trials.forks import FinishedPhases
from kerastune_ft.trials.models import Models, SharedModel
from kerastune_ft.trials.parts import Part
from kerastune_ft.trials.pruning import FOLD, Point, is_hopeless_by_folds
from kerastune_ft.trials.records import TrialRecord
from kerastune_ft.trials.reuse import StepReuse
from kerastune_ft.trials.study import COMPLETE, FAILED, PRUNED
from kerastune_ft.trials.watching import CurveWatcher, TrialStop, make_judge, read_point

RECORD = "trial.json"
_SPLIT = "validation_"
_PHASES, _FOLDS, _FOLD = "phases", "folds", "fold.json"


class Goal(NamedTuple):
    """What trials are compared by."""

    metric: str
    """Of validation, as `validation_accuracy`."""
    maximise: bool
    prunes: bool
    """Whether hopeless trials are ended early."""
    folds: int | None = None
    """The folds that each trial is measured on; None where it is on the validation split."""


class PartResult(NamedTuple):
    """What training a schedule on a part came to."""

    metrics: Mapping[str, float]
    """Of validation at the best epoch of the last phase; empty where it was ended early."""
    curve: tuple[Point, ...]
    forked: int
    """Phases that an earlier trial had trained."""
    pruned_after: Point | None = None


class TrialRunner:
    """Runs the trials of a search one after the other, in this process."""

    def __init__(self, models: Models, forks: FinishedPhases, goal: Goal, watch: Watcher, stop: StopRequest) -> None:
        """`watch` takes notes and the progress of slow work, `stop` is the request to stop the search."""
        self._models, self._forks, self._goal, self._watch, self._stop = models, forks, goal, watch, stop
        self._feeds, self._steps = SharedFeeds(), StepReuse()
        self._said: set[str] = set()

    def close(self) -> None:
        """Close the stores of features that trials share."""
        self._feeds.__exit__()

    def run(
        self,
        number: int,
        values: Mapping[str, Any],
        config: RunConfig,
        run: RunDirectory,
        earlier: Sequence[TrialRecord],
    ) -> TrialRecord:
        """Train a trial, or what is left of it, and return what came of it; `earlier` are the trials before.

        Raises Interrupted where the search is to stop, and errors that other trials would have too.
        """
        began, began_cpu = time.monotonic(), time.process_time()
        made: dict[str, Any] = {"number": number, "values": dict(values)}
        try:
            with explain_exhaustion():
                shared = self._models.open(config, values)
                made |= {"pinned": shared.pinned.to_json(), **self._train(shared, config, values, run, earlier)}
        except (ConfigError, DataError, DivergedError, ResourceError) as error:
            if not belongs_to_trial(error):
                raise
            made |= {"state": FAILED, "reason": error.sentence, "error": type(error).__name__}
        for folder in (run.path, *(run.path / _FOLDS).glob("*")):
            shutil.rmtree(Path(str(folder)) / _PHASES, ignore_errors=True)
        seconds, cpu = time.monotonic() - began, time.process_time() - began_cpu
        return TrialRecord(**made, seconds=round(seconds, 3), cpu_seconds=round(cpu, 3))

    def _train(
        self,
        shared: SharedModel,
        config: RunConfig,
        values: Mapping[str, Any],
        run: RunDirectory,
        earlier: Sequence[TrialRecord],
    ) -> dict[str, Any]:
        pinned, goal = shared.pin(config), self._goal
        run.commit_json("config.json", pinned.to_json())
        others = [record.curve for record in earlier if record.state == COMPLETE]
        if goal.folds is not None:
            return self._train_folds(shared, pinned, values, run, others)
        judge = make_judge(others, goal.maximise, goal.prunes)
        (part,) = shared.parts
        made = self._train_part(shared, part, pinned, values, run, judge)
        if made.pruned_after is not None:
            return _describe_early_end(made.pruned_after, made.curve, made.forked)
        value = made.metrics.get(goal.metric)
        return {
            "state": COMPLETE,
            "value": _require_value(goal, value),
            "metrics": made.metrics,
            "curve": made.curve,
            "forked": made.forked,
        }

    def _train_folds(
        self,
        shared: SharedModel,
        config: RunConfig,
        values: Mapping[str, Any],
        run: RunDirectory,
        others: Sequence[Sequence[Point]],
    ) -> dict[str, Any]:
        """Return what a trial came to by the means over its folds, which `crossvalidate` takes in the same way."""
        goal, members, curve = self._goal, list[dict[str, Any]](), list[Point]()
        for number, part in enumerate(shared.parts, start=1):
            self._stop.honour()
            members.append(self._train_fold(shared, part, config, values, run))
            value = members[-1]["metrics"].get(goal.metric)
            if value is not None and math.isfinite(value):
                curve.append(Point(FOLD, number, value))
            is_last = number == len(shared.parts)
            if goal.prunes and not is_last and is_hopeless_by_folds(curve, others, goal.maximise):
                return _describe_early_end(Point(FOLD, number, 0.0), curve, sum(each["forked"] for each in members))
        directions = shared.session.task.metric_directions
        found = summarise_members(
            members, {name: directions[name.removeprefix(_SPLIT)] for name in members[0]["metrics"]}
        )
        return {
            "state": COMPLETE,
            "value": _require_value(goal, found[goal.metric]["mean"]),
            "metrics": {name: each["mean"] for name, each in found.items()},
            "curve": tuple(curve),
            "deviation": found[goal.metric]["deviation"],
            "forked": sum(each["forked"] for each in members),
        }

    def _train_fold(
        self, shared: SharedModel, part: Part, config: RunConfig, values: Mapping[str, Any], run: RunDirectory
    ) -> dict[str, Any]:
        """Return what a fold came to, from its file where it ended before."""
        own = RunDirectory(run.path / _FOLDS / part.name)
        if not own.exists(_FOLD):
            made = self._train_part(shared, part, config, values, own, lambda curve: False)
            sizes = {split: len(indices) for split, indices in part.source.splits.items()}
            own.commit_json(
                _FOLD,
                {
                    "metrics": made.metrics,
                    "trained": sizes["train"],
                    "validated": sizes["validation"],
                    "forked": made.forked,
                },
            )
        shutil.rmtree(Path(str(own)) / _PHASES, ignore_errors=True)
        return dict(own.read_json(_FOLD))

    def _train_part(
        self,
        shared: SharedModel,
        part: Part,
        config: RunConfig,
        values: Mapping[str, Any],
        run: RunDirectory,
        judge: Callable[[Sequence[Point]], bool],
    ) -> PartResult:
        """Train a schedule on a part, or what is left of it; `judge` tells of its curve whether it is to end."""
        session = shared.adopt(config, part)
        plan = shared.plan(session, part, run.read_json("plan.json") if run.exists("plan.json") else None)
        run.commit_json("plan.json", plan.document)
        model = f"{shared.name}/{part.name} of {len(shared.parts)}" if part.name else shared.name
        forked = self._forks.copy_to(run, plan, config, model)
        stop = TrialStop(self._stop)
        epochs = {phase.phase.name: phase.epochs for phase in plan.phases}
        watch = CurveWatcher(self._watch, self._said, self._goal.metric, epochs, stop, judge)
        _take_up(run, plan, session, watch)
        if stop.pruned_after is not None:
            return PartResult({}, tuple(watch.curve), forked, stop.pruned_after)
        try:
            with naming_lost_files(session.source):
                context = RunContext(session, plan, run, watch, stop, self._feeds, self._steps.prepare)
                for result in run_phases(context):
                    phase = plan.phases[result["index"]]
                    if phase.index == len(plan.phases) - 1:
                        # Going on would load its best weights, which no trial needs.
                        break
                    self._forks.keep(run, phase, config, dict(values), model)
        except Interrupted:
            last = result_of(run, plan.phases[-1])
            if self._stop.reason is not None or (last is None and stop.pruned_after is None):
                raise
            if last is None:
                return PartResult({}, tuple(watch.curve), forked, stop.pruned_after)
        metrics = _measure_exactly(context) or dict(left_metrics(result_of(run, plan.phases[-1]) or {}))
        return PartResult(metrics, tuple(_read_curve(run, plan, self._goal.metric)), forked)


def _measure_exactly(context: RunContext) -> dict[str, float]:
    """Return what the trained model gives on validation in float32, as runs measure it; nothing where it is float32."""
    session, plan = context.session, context.plan
    if session.devices.precision == FLOAT32:
        return {}
    load_best(context, plan.phases[-1])
    exact = in_float32(session)
    evaluation = planning.for_evaluation(exact, plan.document)
    evaluated = final.evaluate_splits(exact, evaluation, (_SPLIT.rstrip("_"),), context.watch)
    (metrics,) = final.metrics_of(exact, evaluated).values()
    return {f"{_SPLIT}{name}": value for name, value in metrics.items()}


def _require_value(goal: Goal, value: float | None) -> float:
    """Return the metric of a trial; raises DataError where it is not defined."""
    if value is None or not math.isfinite(value):
        raise DataError(f"{goal.metric} is not defined on these validation examples; give another --metric")
    return value


def _describe_early_end(after: Point, curve: Sequence[Point], forked: int) -> dict[str, Any]:
    if after.phase == FOLD:
        said = f"after fold {after.epoch} its mean was worse than the median of the trials before over the same folds"
        return {"state": PRUNED, "reason": said, "curve": tuple(curve), "forked": forked}
    known = tuple(curve[: curve.index(after) + 1])
    said = f"after epoch {after.epoch} of {after.phase} its best value was worse than the median of the trials before"
    return {"state": PRUNED, "reason": said, "curve": known, "forked": forked}


def _take_up(run: RunDirectory, plan: Plan, session: Session, watch: CurveWatcher) -> None:
    """Give the watcher the epochs that an interrupted trial had made, from its files and its newest checkpoint."""
    for phase in plan.phases:
        if result_of(run, phase) is not None:
            watch.take_up(read_rows(run, phase.folder))
            continue
        options = session.config.output.checkpoint
        found = Checkpoints(run, phase.folder, options, session.source_hash).newest(Watcher())
        if found is not None:
            watch.take_up(found.state["history"])
        return


def _read_curve(run: RunDirectory, plan: Plan, metric: str) -> list[Point]:
    """Return the metric by epoch over all phases of a trial that is done."""
    rows = [row for phase in plan.phases for row in read_rows(run, phase.folder)]
    return [point for row in rows if (point := read_point(row, metric)) is not None]


def belongs_to_trial(error: KerasTuneError) -> bool:
    """Return whether an error is of a trial's own making: other trials may go well."""
    if isinstance(error, ResourceError):
        return error.__cause__ is not None and is_exhaustion(error.__cause__)
    # Files that are gone are so for all.
    return not (isinstance(error, DataError) and error.sentence.startswith("data.path"))
