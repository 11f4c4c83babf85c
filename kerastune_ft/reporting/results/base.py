"""The test split in detail, by kind of labels: as plain figures, and as what the page draws of them."""

from __future__ import annotations

from typing import Any

from kerastune_ft.reporting import drawing
from kerastune_ft.reporting.records import Records
from kerastune_ft.reporting.results import classes, label_sets, scatter, values

_SPLIT = "test"
_TARGETS_DRAWN = 6


def figures(run: Records) -> dict[str, Any]:
    """Return what `report --json` prints: figures by class, the commonest mistakes, figures by target."""
    found: dict[str, Any] = {"classes": [], "confused": [], "targets": []}
    if run.kind == "values":
        return found | {"targets": values.per_target(_targets(run))}
    if run.kind == "several":
        return found | {"classes": label_sets.per_class(_judged(run), run.names, run.thresholds)}
    pairs = classes.confusions(run.predictions, _SPLIT)
    if not pairs:
        return found
    return found | {"classes": classes.per_class(pairs, run.names), "confused": classes.most_confused(pairs)}


def pictures(run: Records) -> dict[str, Any]:
    """Return what the page draws: a confusion matrix, which labels occur together, or predicted against true values."""
    if run.kind == "values":
        return _drawn(_targets(run))
    if run.kind == "several":
        examples = _judged(run)
        return {"together": label_sets.together(examples, run.names)} if examples else {}
    pairs = classes.confusions(run.predictions, _SPLIT)
    return {"matrix": _shaded(classes.matrix(pairs, run.names))} if pairs else {}


def _judged(run: Records) -> list[label_sets.Judged]:
    """Return the examples with their label sets; nothing while the plan that names the classes is not there."""
    return [] if not run.names else label_sets.judged(run.predictions, _SPLIT, run.names)


def _targets(run: Records) -> list[values.Target]:
    means = (run.plan.get("labels") or {}).get("mean") or ()
    return values.targets(run.predictions, _SPLIT, run.names, dict(zip(run.names, means, strict=False)))


def _drawn(found: list[values.Target]) -> dict[str, Any]:
    """Return a figure and a table by size of the value per target; of many targets, of the worst predicted."""
    worst = {row["target"] for row in sorted(values.per_target(found), key=_worst_first)[:_TARGETS_DRAWN]}
    drawn = [
        {
            "target": target.name,
            "svg": drawing.svg(scatter.predicted_and_residuals(target), f"predicted against true {target.name}"),
            "by_size": values.by_size(target),
        }
        for target in found
        if target.name in worst
    ]
    return {"targets": drawn, "of": len(found)} if drawn else {}


def _worst_first(row: dict[str, Any]) -> float:
    return float("-inf") if row["r2"] is None else row["r2"]


def _shaded(found: dict[str, Any]) -> dict[str, Any]:
    """Return a confusion matrix with, for every cell, its share of the row, which shades it."""
    rows = []
    for place, counts in enumerate(found["counts"]):
        total = sum(counts)
        cells = [
            {"count": count, "share": count / total if total else 0.0, "right": place == column}
            for column, count in enumerate(counts)
        ]
        rows.append({"label": found["classes"][place], "cells": cells, "total": total})
    return {"classes": found["classes"], "rows": rows, "of": found["of"]}
