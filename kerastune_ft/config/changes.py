"""Comparing two configurations, and deciding which changes a run may resume with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.choice import FREE
from kerastune_ft.config.python_objects import list_changes
from kerastune_ft.config.run import RunConfig

_DIVIDING = ("].batch_size", "].accumulate")
_RETRIES = ("].on_divergence", "].on_divergence.retry")


@dataclass(frozen=True)
class Changes:
    """The differences between two configurations, as lines `place: old -> new`."""

    allowed: tuple[str, ...]
    refused: tuple[str, ...]


def compare(old: RunConfig, new: RunConfig, begun: int) -> Changes:
    """Return the differences between the configuration a run started with and the one to resume it with.

    Allowed are changes of `output`, strategy, replicas, memory of GPUs and caches (also of a phase), phases appended at
    the end, more epochs or steps in phases after the first `begun` ones, another division of the same updates into
    batches, more retries at divergence, and a refit, which comes after all phases.
    """
    allowed: list[str] = []
    refused: list[str] = []
    before, after = old.to_json(), new.to_json()
    phases: tuple[Any, Any] = before.pop("phases"), after.pop("phases")
    del before["python"], after["python"]
    refused += list_changes(old.python, new.python)
    if after["refit"] and not before["refit"]:
        allowed.append(_line("refit", False, True))
        before["refit"] = True
    for place, one, other in _differences(before, after, ""):
        free = any(place == key or place.startswith(f"{key}.") for key in FREE)
        (allowed if free else refused).append(_line(place, one, other))
    if not all(isinstance(each, list) for each in phases):
        # Left to measurements that are still to be made, as in a cross-validation.
        refused += [_line("phases", *phases)] if phases[0] != phases[1] else []
        return Changes(tuple(allowed), tuple(refused))
    for index, phase in enumerate(phases[1]):
        if index >= len(phases[0]):
            allowed.append(f"phases[{index}]: {phase['name']} appended")
            continue
        for place, one, other in _differences(phases[0][index], phase, f"phases[{index}]"):
            longer = place.endswith((".epochs", ".steps")) and one is not None and other is not None and other > one
            same_update = place.endswith(_DIVIDING) and _divides_alike(phases[0][index], phase)
            retries = place.endswith(_RETRIES) and _adds_retries(one, other)
            free = place.endswith("].cache") or (longer and index >= begun) or same_update or retries
            (allowed if free else refused).append(_line(place, one, other))
    refused += [
        f"phases[{index}]: {phase['name']} removed" for index, phase in enumerate(phases[0]) if index >= len(phases[1])
    ]
    return Changes(tuple(allowed), tuple(refused))


def _divides_alike(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Return whether two phases make updates of the same examples, however many are computed at a time.

    BatchNorm layers that train take their moments of what is computed at a time.
    """
    sizes = [each["batch_size"] * (1 if each["accumulate"] == "auto" else each["accumulate"]) for each in (old, new)]
    return sizes[0] == sizes[1] and {old["batch_norm"], new["batch_norm"]} == {"frozen"}


def _adds_retries(old: Any, new: Any) -> bool:
    """Return whether a phase may begin again more often: at all where it could not, or more times."""
    return new is not None and (old is None or (isinstance(old, int) and new > old))


def _differences(old: Any, new: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            inner = f"{place}.{key}" if place else key
            yield from _differences(old.get(key), new.get(key), inner)
    elif old != new:
        yield place, old, new


def _line(place: str, old: Any, new: Any) -> str:
    return f"{place}: {json.dumps(old)} -> {json.dumps(new)}"
