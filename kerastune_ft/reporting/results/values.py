"""Results for examples whose labels are values: errors by target and by the size of the value."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kerastune_ft.reporting import drawing
from kerastune_ft.reporting.results.base import SPLIT, ResultPage, Results, join_names
from kerastune_ft.reporting.results.scatter import Target, draw_predictions
from kerastune_ft.wording import counted

_FIFTHS = 5
_VALUES_SHOWN = 8
_TARGETS_DRAWN = 6


class ValuePage(ResultPage):
    """Errors by target and by the size of the value, predicted against true values, residuals."""

    template = "results/values.html"
    headlines = ("mae", "rmse", "r2")
    columns = ("label_", "value_")

    def summarise(self, results: Results) -> dict[str, list[dict[str, Any]]]:
        """Return the errors of every target."""
        return {"targets": score_targets(_read_test_targets(results))}

    def draw(self, results: Results) -> dict[str, Any]:
        """Return a figure and a table by size of the value per target; of many targets, of the worst predicted."""
        targets = _read_test_targets(results)
        worst = {row["target"] for row in sorted(score_targets(targets), key=_sort_worst_first)[:_TARGETS_DRAWN]}
        drawn = [
            {
                "target": target.name,
                "charts": drawing.render_both(
                    functools.partial(draw_predictions, target),
                    f"predicted against true values of {target.name}, and how the errors spread",
                ),
                "by_size": score_by_size(target),
            }
            for target in targets
            if target.name in worst
        ]
        return {"targets": drawn, "of": len(targets)} if drawn else {}

    def describe_labels(self, names: Sequence[str]) -> str:
        """Return how many values there are, and their names."""
        values = counted(len(names), "value")
        return f"{values}: {join_names(names)}; standardised inside, all figures are in your units"


def _read_test_targets(results: Results) -> list[Target]:
    means = dict(zip(results.names, results.means, strict=False))
    return read_targets(results.predictions, SPLIT, results.names, means)


def _sort_worst_first(row: Mapping[str, Any]) -> float:
    return float("-inf") if row["r2"] is None else row["r2"]


def read_targets(
    rows: Iterable[Mapping[str, str]], split: str, names: Sequence[str], typical: Mapping[str, float]
) -> list[Target]:
    """Return the targets of a split from rows of predictions.csv; examples without a finite pair are left out."""
    rows = [row for row in rows if row["split"] == split]
    found = []
    for name in names:
        ending = "" if len(names) == 1 else f"_{name}"
        pairs = [(_number(row.get(f"label{ending}")), _number(row.get(f"value{ending}"))) for row in rows]
        finite = [(true, value) for true, value in pairs if math.isfinite(true) and math.isfinite(value)]
        if finite:
            found.append(Target(name, [pair[0] for pair in finite], [pair[1] for pair in finite], typical.get(name)))
    return found


def score_targets(found: Sequence[Target]) -> list[dict[str, Any]]:
    """Return the errors of every target, with those of the constant predictor beside them."""
    return [
        {"target": target.name, "examples": len(target.true), **_errors(target), **_constant(target)}
        for target in found
    ]


def score_by_size(target: Target) -> list[dict[str, Any]]:
    """Return the errors by fifths of the true value, or value by value where there are few.

    `bias` is the mean of predicted minus true: above 0 where the model answers too much.
    """
    pairs = sorted(zip(target.true, target.predicted, strict=True))
    rows = []
    for group in _groups(pairs):
        true, predicted = [pair[0] for pair in group], [pair[1] for pair in group]
        errors = [answer - value for value, answer in group]
        rows.append(
            {
                "smallest": true[0],
                "largest": true[-1],
                "examples": len(group),
                "predicted_mean": _mean(predicted),
                "mae": _mean([abs(error) for error in errors]),
                "bias": _mean(errors),
            }
        )
    return rows


def _groups(pairs: list[tuple[float, float]]) -> Iterable[list[tuple[float, float]]]:
    """Yield the pairs, sorted by true value, group by group; equal values are never parted."""
    distinct = sorted({true for true, _ in pairs})
    if len(distinct) <= _VALUES_SHOWN:
        edges = distinct[1:]
    else:
        edges = sorted({pairs[len(pairs) * part // _FIFTHS][0] for part in range(1, _FIFTHS)} - {distinct[0]})
    for low, high in zip([-math.inf, *edges], [*edges, math.inf], strict=True):
        yield [pair for pair in pairs if low <= pair[0] < high]


def _errors(target: Target) -> dict[str, float | None]:
    residuals = target.residuals
    mean = _mean(target.true)
    spread = sum((value - mean) ** 2 for value in target.true)
    squares = sum(error**2 for error in residuals)
    return {
        "mae": _mean([abs(error) for error in residuals]),
        "rmse": math.sqrt(squares / len(residuals)),
        "r2": 1 - squares / spread if spread > 0 else None,
        "bias": _mean(residuals),
    }


def _constant(target: Target) -> dict[str, float | None]:
    if target.pick_typical is None:
        return {"constant": None, "constant_mae": None, "constant_rmse": None}
    errors = [target.pick_typical - value for value in target.true]
    return {
        "constant": target.pick_typical,
        "constant_mae": _mean([abs(error) for error in errors]),
        "constant_rmse": math.sqrt(_mean([error**2 for error in errors])),
    }


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _number(text: str | None) -> float:
    return float(text) if text else math.nan
