"""The epochs that a run has written down, by the steps of the whole run."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.metrics.document import REFIT
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking.figures import name_figures
from kerastune_ft.tracking.sink import Point

EVENTS = "events.jsonl"


def count_steps_before(run: RunDirectory, phases: Sequence[Mapping[str, Any]], phase: Mapping[str, Any]) -> int:
    """Return the steps of all phases before one; `phases` are those of plan.json.

    A refit comes after all phases.
    """
    is_refit = bool(phase.get("refit"))
    earlier = [_folder(each, False) for each in phases if is_refit or each["index"] < phase["index"]]
    earlier += [_folder(each, True) for each in phases if is_refit and each["index"] < phase["index"]]
    return sum(_count_steps(run, folder) for folder in earlier)


def count_steps(run: RunDirectory, phases: Sequence[Mapping[str, Any]]) -> int:
    """Return the steps of all phases that are finished, those of a refit too."""
    return sum(_count_steps(run, _folder(each, is_refit)) for is_refit in (False, True) for each in phases)


def _folder(phase: Mapping[str, Any], is_refit: bool) -> str:
    return f"{REFIT if is_refit else 'phases'}/{phase['index']:02d}-{phase['name']}"


def _count_steps(run: RunDirectory, folder: str) -> int:
    name = f"{folder}/result.json"
    return int(run.read_json(name)["steps"]) if run.exists(name) else 0


def read_points(run: RunDirectory, phases: Sequence[Mapping[str, Any]]) -> list[Point]:
    """Return a point for every epoch that a run has recorded, in their order; empty where it has no record.

    Of epochs that were trained again only the last counts, and of a phase that diverged none before it began again.
    """
    if not run.exists(EVENTS):
        return []
    rows: dict[tuple[bool, str], dict[int, Mapping[str, Any]]] = {}
    for line in run.read_bytes(EVENTS).decode("utf-8", "replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            # The last line of a process that was killed.
            continue
        kind = event.get("event")
        if kind == "diverged":
            rows.pop((False, event["phase"]), None)
        elif kind == "epoch":
            own = rows.setdefault((bool(event.get("refit")), event["phase"]), {})
            for later in [number for number in own if number >= event["epoch"]]:
                del own[later]
            own[event["epoch"]] = event
    found: list[Point] = []
    for is_refit in (False, True):
        for phase in phases:
            own = rows.get((is_refit, phase["name"]), {})
            base = count_steps_before(run, phases, {**phase, "refit": is_refit}) if own else 0
            found += [make_point(row, phase, base, _seconds(row)) for row in own.values()]
    return found


def make_point(row: Mapping[str, Any], phase: Mapping[str, Any], base: int, time: float) -> Point:
    """Return the point of an epoch; `base` are the steps of the phases before."""
    return Point(base + int(row["step"]), time, name_figures(row, phase))


def _seconds(row: Mapping[str, Any]) -> float:
    return datetime.datetime.fromisoformat(row["time"]).timestamp()
