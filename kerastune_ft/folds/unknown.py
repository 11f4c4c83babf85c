"""Unknown answers of an ensemble: distances as the mean over its members, a threshold by those out of fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from kerastune_ft.folds.member import Member
from kerastune_ft.metrics.document import OUT_OF_FOLD
from kerastune_ft.metrics.nearest_example import choose_threshold
from kerastune_ft.saved_model.unknown import UnknownAnswers
from kerastune_ft.training.evaluation.unknown import FoundUnknown, find_distances
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.plan.phase_plan import EvaluationPlan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher


def join_unknown(session: Session, members: Sequence[Member], measured: Mapping[str, Evaluated]) -> FoundUnknown | None:
    """Return what the members measure distances by, put together; None without `task.unknown`.

    Its distances are those out of fold, in the order of the examples, the mean over the seeds: so many of them are let
    through as `task.unknown` says.
    """
    share = getattr(session.config.task, "unknown", None)
    if share is None:
        return None
    parts = {member.fold.place: part for member in members if (part := member.read_unknown()) is not None}
    turns: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for member in members:
        place = member.fold.place
        turns.setdefault(member.fold.turn, []).append((measured[place].indices, parts[place][1]))
    distances = np.mean([_order(folds) for folds in turns.values()], axis=0)
    nearest = {place: found for place, (found, _) in parts.items()}
    answers = UnknownAnswers(nearest, choose_threshold(distances, share), share)
    return FoundUnknown(answers, {OUT_OF_FOLD: distances}, len(distances), "out-of-fold")


def _order(folds: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Return the distances of the examples of all folds, which come as (indices, distances), by index."""
    indices, distances = map(np.concatenate, zip(*folds, strict=True))
    return distances[np.argsort(indices)]


def add_distances(
    found: FoundUnknown | None,
    session: Session,
    plan: EvaluationPlan,
    evaluated: Mapping[str, Evaluated],
    watch: Watcher,
) -> FoundUnknown | None:
    """Return the same with the distances that the ensemble gives for the examples of these splits."""
    if found is None:
        return None
    own = {
        split: find_distances(session, plan, found.answers, split, each.indices, watch)
        for split, each in evaluated.items()
    }
    return replace(found, distances={**own, **found.distances})
