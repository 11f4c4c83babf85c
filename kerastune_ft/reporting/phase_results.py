"""The results of every phase, from the plan, the manifest and the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.reporting import plan_lines
from kerastune_ft.reporting.metric_names import find_gain, find_headline
from kerastune_ft.reporting.quantities import ABSENT, is_number
from kerastune_ft.training.left_weights import is_discarded, left_metrics

# What plan.json says of the outputs of the frozen part; of runs from before it is all that is known.
_FEATURES = {"store": "stored", "recompute": "computed"}


def summarise_phases(
    plan: Mapping[str, Any],
    manifest: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    noise: Mapping[str, float] | None = None,
) -> list[dict[str, Any]]:
    """Return a row per phase, planned ones included: what trained, at which cost, what it gained, how far it moved.

    `noise` is by monitor the difference that may be chance. `verdict` is `better` or `worse` where a gain is larger and
    no score that people read was lost for it, `unclear` where it is not or where nothing is known of chance.
    """
    begun = {phase["name"]: phase for phase in manifest.get("phases") or ()}
    planned = {phase["name"]: phase for phase in plan.get("phases") or ()}
    results: list[dict[str, Any]] = []
    for name in dict.fromkeys([*planned, *begun]):
        earlier = results[-1] if results else None
        results.append(_summarise_phase(planned.get(name, {}), begun.get(name, {}), plan, history, earlier))
    for row, earlier in zip(results[1:], results, strict=False):
        row.update(_judge(row, _find_gain_of_headline(row, earlier, planned, history), noise or {}))
    return results


def find_noise(
    plan: Mapping[str, Any], intervals: Mapping[str, tuple[float, float]], examples: Mapping[str, int]
) -> dict[str, float]:
    """Return by metric of validation the difference that may be chance; empty where too little is known.

    It is half the interval of 95 % on test, scaled to the number of validation examples. `intervals` are those of test,
    `examples` has by split how many were measured.
    """
    tested, validated = examples.get("test"), ((plan.get("data") or {}).get("sizes") or {}).get("validation")
    if not tested or not validated:
        return {}
    scale = (tested / validated) ** 0.5 / 2
    return {f"validation_{name}": (high - low) * scale for name, (low, high) in intervals.items()}


def _find_gain_of_headline(
    row: Mapping[str, Any],
    earlier: Mapping[str, Any],
    planned: Mapping[str, Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
) -> dict[str, Any] | None:
    """Return what the score that people read gained in a phase whose monitor is another; None where none is known."""
    name = find_headline({column for entry in history for column in entry})
    if name is None or name == row["monitor"]:
        return None
    before = _find_value_before(planned.get(row["name"], {}), name, history, earlier)
    after = _find_value(history, row["name"], row["best_epoch"], name)
    if before is None or after is None:
        return None
    return {"metric": name, "gain": after - before, "lost": _beats(before, after, name)}


def _judge(row: Mapping[str, Any], headline: Mapping[str, Any] | None, noise: Mapping[str, float]) -> dict[str, Any]:
    """Return the verdict on what a phase gained, and what the score that people read gained."""
    chance = noise.get(row["monitor"])
    verdict = "unclear"
    if row["gain"] is not None and chance is not None and abs(row["gain"]) > chance:
        is_better = row["improved"] and not (headline and headline["lost"])
        verdict = "better" if is_better else "unclear" if row["improved"] else "worse"
    return {"verdict": verdict, "chance": chance, "headline": headline}


def find_better_phase(results: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the name of an earlier phase whose best epoch beat the last finished phase's, if there is one."""
    done = [result for result in results if result["state"] == "done" and result["best_epoch"]]
    if len(done) < 2:
        return None
    last = done[-1]
    monitor = last["monitor"]
    final = last["left"].get(monitor) if last["discarded"] else last["after"]
    better: tuple[str, float] | None = None
    for result in (each for each in done[:-1] if not each["discarded"]):
        value = _find_value(history, result["name"], result["best_epoch"], monitor)
        rival = final if better is None else better[1]
        if value is not None and rival is not None and _beats(value, rival, monitor):
            better = (result["name"], value)
    return better[0] if better else None


def list_frozen_checks(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the frozen check of every finished phase: variables compared, those that changed, statistics updated.

    Moving statistics that a phase updates are not frozen, though they do not train.
    """
    return [
        {
            "phase": f"refit of {phase['name']}" if phase.get("refit") else phase["name"],
            "variables": phase["frozen"].get("variables"),
            "bytes": phase["frozen"].get("bytes"),
            "sha256": phase["frozen"].get("sha256"),
            "changed": list(phase["frozen"].get("changed") or ()),
            "updated": (phase.get("updated") or {}).get("variables") or 0,
        }
        for phase in [*(manifest.get("phases") or ()), *(manifest.get("refit") or ())]
        if phase.get("frozen")
    ]


def list_refit(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return name and seconds of the phases of a refit, as far as they are finished."""
    found = manifest.get("refit") or ()
    return [{"name": f"{phase['name']} again", "seconds": phase.get("seconds")} for phase in found]


def build_unit_strips(plan: Mapping[str, Any], manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return per phase a cell for every unit, input to output and then the head.

    A cell has whether the unit trains, its peak rate, and how far its weights moved.
    """
    units = [unit["id"] for unit in (plan.get("backbone") or {}).get("units") or ()]
    moved = {phase["name"]: find_distances(phase)["moved"] for phase in manifest.get("phases") or ()}
    return [
        {
            "phase": phase["name"],
            "cells": [
                {
                    "unit": unit,
                    "trains": unit in (phase.get("trains") or ()),
                    "rate": (phase.get("rates") or {}).get(unit),
                    "moved": moved.get(phase["name"], {}).get(unit),
                }
                for unit in [*units, "head"]
            ],
        }
        for phase in plan.get("phases") or ()
    ]


def find_distances(result: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """Return by unit how far a phase moved it, relative to its norm: `moved` since its start, `from_pretrained`.

    So are `statistics` and `statistics_from_pretrained`, those of BatchNorm. Runs from before know how far the last
    step was from the start, which is what `moved` has then, and nothing of pretrained weights.
    """
    known = result.get("distances") or {}
    start, pretrained = known.get("start") or {}, known.get("pretrained") or {}
    return {
        "moved": start.get("weights") or result.get("moved") or {},
        "from_pretrained": pretrained.get("weights") or {},
        "statistics": start.get("statistics") or (result.get("updated") or {}).get("moved") or {},
        "statistics_from_pretrained": pretrained.get("statistics") or {},
    }


def add_shares(rows: Sequence[dict[str, Any]], whole: float | None) -> None:
    """Set `share` of every row to the share of the run's whole time, in seconds, that its epochs took."""
    for row in rows:
        row["share"] = row["seconds"] / whole if whole and row["seconds"] is not None else None


def _summarise_phase(
    planned: Mapping[str, Any],
    begun: Mapping[str, Any],
    plan: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    earlier: Mapping[str, Any] | None,
) -> dict[str, Any]:
    name = planned.get("name", begun.get("name"))
    rows = [row for row in history if row["phase"] == name]
    monitor = begun.get("monitor") or planned.get("monitor") or "validation_loss"
    best_epoch = begun.get("best_epoch")
    after = (begun.get("best") or {}).get(monitor)
    if after is None and best_epoch:
        after = _find_value(history, name, best_epoch, monitor)
    start = (begun.get("start") or {}).get("metrics") or {}
    before = start[monitor] if monitor in start else _find_value_before(planned, monitor, history, earlier)
    return {
        "name": name,
        "state": begun.get("state", "under way" if rows else "pending"),
        "units": plan_lines.name_units(planned, plan) if planned else ABSENT,
        "images": plan_lines.describe_image_size(planned, plan),
        "trainable_parameters": planned.get("trainable_parameters"),
        "trainable_share": planned.get("trainable_share"),
        "epochs": begun.get("epochs", len(rows)),
        "planned_epochs": planned.get("epochs"),
        "steps": begun.get("steps", int(rows[-1]["step"]) if rows else 0),
        "planned_steps": planned.get("steps"),
        "best_epoch": best_epoch,
        "stopped": begun.get("stopped"),
        "discarded": is_discarded(begun),
        "left": left_metrics(begun),
        "retries": len(begun.get("retries") or ()),
        "peak": begun.get("peak"),
        "solver": begun.get("solver") or {},
        "seconds": begun.get("seconds") if begun.get("seconds") is not None else _sum_seconds(rows),
        "share": None,
        "features": (begun.get("features") or {}).get("train")
        or _FEATURES.get(str((planned.get("store") or {}).get("decision"))),
        "monitor": monitor,
        "before": before,
        "after": after,
        "gain": after - before if before is not None and after is not None else None,
        "improved": _beats(after, before, monitor) if before is not None and after is not None else None,
        "verdict": "unclear",
        "chance": None,
        "headline": None,
        "start": begun.get("start"),
        "gradient_norms": begun.get("gradient_norms") or {},
        **{key: dict(found) for key, found in find_distances(begun).items()},
    }


def _find_value_before(
    planned: Mapping[str, Any],
    monitor: str,
    history: Sequence[Mapping[str, Any]],
    earlier: Mapping[str, Any] | None,
) -> float | None:
    """Return the monitor at the weights that this phase began with; None unless they are of an epoch before."""
    start = planned.get("start_from", "best")
    if earlier is None or start not in ("best", "last"):
        return None
    if earlier["discarded"]:
        value = earlier["left"].get(monitor)
        return float(value) if is_number(value) else None
    epoch = earlier["best_epoch"] if start == "best" else earlier["epochs"]
    return _find_value(history, earlier["name"], epoch, monitor)


def _find_value(history: Sequence[Mapping[str, Any]], phase: str, epoch: int | None, column: str) -> float | None:
    for row in history:
        if row["phase"] == phase and row["epoch"] == epoch:
            value = row.get(column)
            return float(value) if value is not None and is_number(value) else None
    return None


def _sum_seconds(rows: Sequence[Mapping[str, Any]]) -> float | None:
    return sum(row["seconds"] for row in rows) if rows else None


def _beats(value: float, rival: float, metric: str) -> bool:
    """Return whether a value is better at the six significant digits that decisions are made with."""
    return find_gain(metric, float(f"{value:.6g}"), float(f"{rival:.6g}")) > 0
