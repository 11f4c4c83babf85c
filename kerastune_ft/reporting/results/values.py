"""Predicted values: how far from the true ones, target by target and by the size of the value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

_FIFTHS = 5
_VALUES_SHOWN = 8


class Target(NamedTuple):
    """One target on one split, in the user's units."""

    name: str
    true: list[float]
    predicted: list[float]
    typical: float | None
    """The mean of the training examples, which the constant predictor always answers."""

    @property
    def residuals(self) -> list[float]:
        """Predicted minus true."""
        return [predicted - true for true, predicted in zip(self.true, self.predicted, strict=True)]


def targets(
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


def per_target(found: Sequence[Target]) -> list[dict[str, Any]]:
    """Return the errors of every target, with those of the constant predictor beside them."""
    return [
        {"target": target.name, "examples": len(target.true), **_errors(target), **_constant(target)}
        for target in found
    ]


def by_size(target: Target) -> list[dict[str, Any]]:
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
    if target.typical is None:
        return {"constant": None, "constant_mae": None, "constant_rmse": None}
    errors = [target.typical - value for value in target.true]
    return {
        "constant": target.typical,
        "constant_mae": _mean([abs(error) for error in errors]),
        "constant_rmse": math.sqrt(_mean([error**2 for error in errors])),
    }


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _number(text: str | None) -> float:
    return float(text) if text else math.nan
