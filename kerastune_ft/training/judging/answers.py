"""Answers what is asked of an evaluation, from what was measured and from the run's own validation predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.calibration.temperature import list_gaps
from kerastune_ft.metrics.decisions.costs import describe_policies
from kerastune_ft.metrics.decisions.curves import describe_curves
from kerastune_ft.metrics.decisions.thresholds import describe_aims
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.draws import count_groups
from kerastune_ft.metrics.intervals.paired import find_differences
from kerastune_ft.metrics.outcomes.base import Outcomes
from kerastune_ft.metrics.reliability import describe_calibration, describe_choice, describe_sets
from kerastune_ft.metrics.subgroups import compare_subgroups
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.calibration import find_chooser, read_calibration, read_chosen_on
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.judging.parts import part_examples
from kerastune_ft.training.judging.questions import Questions
from kerastune_ft.training.judging.views import average_views, find_augmentation
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.plan.phase_plan import EvaluationPlan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher


@dataclass(frozen=True)
class Judged:
    """A finished run that was evaluated, with what answers are computed from."""

    target: RunDirectory
    session: Session
    plan: EvaluationPlan
    split: str
    evaluated: Evaluated
    place: str
    """What the examples are called: a split, or the name of other data."""

    @property
    def groups(self) -> list[str] | None:
        """Return the group of every example; None where examples are not grouped."""
        return final.groups_of(self.session, self.evaluated)

    @property
    def outcomes(self) -> Outcomes:
        """Return the answers for the evaluated examples."""
        return self.session.task.outcomes(self.evaluated.measured)


def check_questions(questions: Questions, session: Session, indices: np.ndarray) -> None:
    """Raise ConfigError for what cannot be asked of a run and these of its examples, before anything is computed."""
    lacking = session.task.read_outcomes(())
    for option, is_asked, why in (
        ("--at", questions.aims, lacking.no_probabilities),
        ("--costs", questions.costs is not None, lacking.no_probabilities),
        ("--coverage", questions.coverage is not None, lacking.no_sets),
    ):
        if is_asked and why:
            raise ConfigError(f"{option}: {why}")
    for column in questions.by:
        part_examples(session.source, column, indices)
    if questions.views is not None:
        find_augmentation(session, questions.views)


def answer(questions: Questions, judged: Judged, watch: Watcher) -> dict[str, Any]:
    """Return the answers as JSON values: `calibration` always where there are probabilities, else what is asked."""
    found: dict[str, Any] = _answer_by_choice(questions, judged)
    found |= judged.session.task.describe(judged.evaluated.measured, judged.groups)
    if questions.by:
        found["by"] = {column: _compare_parts(judged, column) for column in questions.by}
    if questions.views is not None:
        found["views"] = _compare_views(questions.views, judged, watch)
    if questions.save is not None and (curves := describe_curves(judged.outcomes.list_scored(), judged.groups)):
        found["curves"] = curves
    return found


def _answer_by_choice(questions: Questions, judged: Judged) -> dict[str, Any]:
    """Return what depends on a choice by the run's validation predictions, and of which examples that is."""
    task, measured, groups = judged.session.task, judged.outcomes, judged.groups
    needs = bool(questions.aims) or questions.costs is not None or questions.coverage is not None
    try:
        split, chosen = read_chosen_on(judged.target, task)
    except ConfigError:
        if needs:
            raise
        return {}
    found: dict[str, Any] = {}
    if not measured.no_probabilities:
        described = read_calibration(judged.target, task)
        found["calibration"] = describe_calibration(measured, described["temperature"], groups) | list_gaps(described)
    if questions.aims:
        found["at"] = describe_aims(chosen.list_scored(), measured.list_scored(), questions.aims, groups)
    if questions.costs is not None:
        try:
            found["costs"] = describe_policies(measured.price(chosen, questions.costs), groups)
        except ValueError as error:
            raise ConfigError(f"--costs: {error}") from error
    if questions.coverage is not None:
        found["coverage"] = describe_sets(chosen, measured, questions.coverage, groups)
    chooser = find_chooser(judged.target, split)
    return found and {"choice": describe_choice(judged.place, measured, split, chosen, groups, chooser), **found}


def _compare_parts(judged: Judged, column: str) -> list[dict[str, Any]]:
    session, measured = judged.session, judged.evaluated.measured
    shows = session.config.output.examples
    parts = part_examples(session.source, column, judged.evaluated.indices, shows)

    def take(rows: np.ndarray) -> tuple[Mapping[str, float], Sample]:
        own = {name: values[rows] for name, values in measured.items()}
        return session.task.summarise(own), session.task.sample(own)

    return compare_subgroups(parts, take, judged.groups)


def _compare_views(views: int, judged: Judged, watch: Watcher) -> dict[str, Any]:
    """Return the metrics of the mean answer over views, with how much more they are than those of the plain one."""
    session, task = judged.session, judged.session.task
    augmentation, phase = find_augmentation(session, views)
    averaged = average_views(session, judged.plan, judged.evaluated, augmentation, watch)
    found = find_differences(task.sample(judged.evaluated.measured), task.sample(averaged.measured), judged.groups)
    ends = {name: difference.interval for name, difference in found.items()}
    plain, metrics = task.summarise(judged.evaluated.measured), task.summarise(averaged.measured)
    return {
        "views": views,
        "phase": phase,
        "metrics": metrics,
        "intervals": final.intervals_of(session, averaged),
        "differences": {
            name: {"value": value - plain[name], "interval": ends.get(name)} for name, value in metrics.items()
        },
    }


def count_judged_groups(judged: Judged) -> int | None:
    """Return how many groups the evaluated examples are of; None where every one stands for itself."""
    return count_groups(judged.groups, len(judged.evaluated.indices))
