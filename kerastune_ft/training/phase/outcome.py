"""What a phase did besides its epochs: from which figures it started, how far it moved, what it read."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.left_weights import is_discarded, left_epoch, left_metrics
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.distances import measure_distances
from kerastune_ft.training.plan.phase_plan import PhasePlan


def describe_outcome(
    context: RunContext,
    phase: PhasePlan,
    feed: Feed,
    before: Mapping[str, np.ndarray],
    measured: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return what result.json has of this; the session holds the weights of the best epoch.

    `before` are the values of the variables that the phase changes, as they were at its start. Distances are those of
    these weights from them and from the pretrained ones (of the head, from its first ones), by unit; those of moving
    statistics, which no gradient moves, stand apart. `measured` is what the phase itself measured at its start.
    """
    session, statistics = context.session, phase.selection.statistics

    def measure(origin: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
        return {
            "weights": measure_distances(session, phase.trained, origin),
            "statistics": measure_distances(session, statistics, origin),
        }

    return {
        "start": _find_start(context, phase, measured),
        "distances": {"start": measure(before), "pretrained": measure(session.origin)},
        "features": {
            "train": _name_supply(feed.training.is_stored, bool(phase.stages)),
            "validation": _name_supply(feed.plain.is_stored, bool(phase.cut_at(None).stages)),
        },
    }


def _name_supply(is_stored: bool, has_frozen_part: bool) -> str:
    """Return where the outputs of the frozen part came from; `none` where nothing below the trained part is frozen."""
    return "stored" if is_stored else "computed" if has_frozen_part else "none"


def _find_start(context: RunContext, phase: PhasePlan, measured: Mapping[str, float]) -> dict[str, Any] | None:
    """Return phase, epoch and validation metrics of the weights that a phase starts from; epoch 0 is before the first.

    None where they were never measured: before the first phase, and where the backbone starts from pretrained weights
    again, unless the phase did so itself.
    """
    if not phase.index or phase.phase.start_from == "pretrained":
        return {"phase": phase.phase.name, "epoch": 0, "metrics": dict(measured)} if measured else None
    previous = context.plan.phases[phase.index - 1]
    result = context.run.read_json(f"{previous.folder}/result.json")
    if phase.phase.start_from == "last" and not is_discarded(result):
        found = _read_last_epoch(context.run, previous)
    else:
        found = {"phase": previous.phase.name, "epoch": left_epoch(result), "metrics": left_metrics(result)}
    return {**found, "metrics": dict(measured)} if measured else found


def _read_last_epoch(run: RunDirectory, phase: PhasePlan) -> dict[str, Any]:
    *_, last = csv.DictReader(io.StringIO(run.read_bytes(f"{phase.folder}/history.csv").decode()))
    measured = {name: float(text) for name, text in last.items() if name.startswith("validation_") and text}
    return {"phase": phase.phase.name, "epoch": int(last["epoch"]), "metrics": measured}
