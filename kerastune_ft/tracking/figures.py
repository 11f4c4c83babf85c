"""The names of what trackers get: figures by tag, and hyperparameters by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

RUNNING_LOSS = "train/running_loss"
"""The mean loss of the steps of the epoch under way."""
EPOCH = "epoch"
"""The number of the epoch within its phase: the tag that every epoch has."""
_MEASURED = ("train", "validation")
# Sections of a configuration that change no result, or that the phases repeat.
_LEFT_OUT = ("version", "output", "python")


def name_figures(row: Mapping[str, Any], phase: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of an epoch by tag: losses, metrics, the rate of every unit, the epoch and the phase.

    `row` is the epoch's row of history.csv, `phase` the phase's entry in plan.json. Figures that are missing or not
    finite are left out.
    """
    found: dict[str, Any] = {}
    for key, value in row.items():
        split, _, metric = key.partition("_")
        if metric and split in _MEASURED:
            found[f"{split}/{metric}"] = value
    found |= {f"rate/{unit}": rate for unit, rate in _find_rates(row, phase).items()}
    found |= {EPOCH: row["epoch"], "phase": phase["index"] + 1}
    return keep_finite(found)


def _find_rates(row: Mapping[str, Any], phase: Mapping[str, Any]) -> dict[str, float]:
    """Return the rate of every unit at the last step of an epoch: the rates of all follow one shape."""
    rate, peak = row.get("learning_rate"), (phase.get("learning_rate") or {}).get("peak")
    if rate is None or not peak:
        return {}
    return {unit: own * rate / peak for unit, own in (phase.get("rates") or {}).items()}


def name_final(metrics: Mapping[str, Any], intervals: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of the final model by tag, with the ends of their intervals of 95 %."""
    found = {f"final/{split}/{name}": value for split, own in metrics.items() for name, value in own.items()}
    for split, own in intervals.items():
        for name, (low, high) in own.items():
            found |= {f"final/{split}/{name}_low": low, f"final/{split}/{name}_high": high}
    return keep_finite(found)


def keep_finite(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures that are numbers."""
    return {
        tag: float(value)
        for tag, value in figures.items()
        if isinstance(value, int | float) and math.isfinite(float(value))
    }


def list_parameters(config: Mapping[str, Any], plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters of a run by names such as `phases.head.learning_rate.peak`; what is null is left out.

    Where the configuration shows no examples, nothing is told of the data but its kind and its sizes.
    """
    shown = {key: value for key, value in config.items() if key not in _LEFT_OUT}
    if not config["output"]["examples"]:
        shown["data"] = {"kind": config["data"]["kind"]}
    found = dict(_flatten(shown, ""))
    sizes = (plan.get("data") or {}).get("sizes") or {}
    found |= {f"examples.{split}": size for split, size in sizes.items()}
    for phase in plan.get("phases") or ():
        found[f"phases.{phase['name']}.trainable_parameters"] = phase["trainable_parameters"]
    return found


def _flatten(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flatten(item, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            # Phases are known by their names.
            yield from _flatten(item, f"{place}.{item.get('name', number) if isinstance(item, Mapping) else number}")
    elif isinstance(value, list):
        if value:
            yield place, ", ".join(map(str, value))
    elif value is not None:
        yield place, value


def describe_phase(phase: Mapping[str, Any]) -> str:
    """Return a line of Markdown about a phase that begins."""
    share = f"{phase['trainable_parameters']:,} parameters"
    bound = "" if phase.get("refit") else "at most "
    rate = (phase.get("learning_rate") or {}).get("peak")
    by = "" if rate is None else f", {phase['optimizer']} at {rate:g}"
    name = f"refit of {phase['name']}" if phase.get("refit") else phase["name"]
    return f"**{name}** trains {', '.join(phase['trains'])} ({share}): {bound}{phase['epochs']} epochs{by}"
