"""Metrics and losses computed again from the rows of predictions.csv, with neither model nor data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics import one_class, several_classes
from kerastune_ft.metrics import values as value_metrics

Row = Mapping[str, str]
# The numbers in the table are exact; sums of them may be taken in another order.
_EXACT = 1e-9
# Labels that are values are written with six significant digits of their deviation.
_OF_VALUES = 1e-4
TOLERANCE_OF_ANOTHER_RUN = 1e-4
"""Of what another compiled program measured, perhaps on another number of replicas."""
TOLERANCE_OF_HALF = 5e-2
"""Of what was measured in half precision, with two to three digits."""


def tolerance(labels: Mapping[str, Any], metric: str) -> float:
    """Return how far a metric may be from what the table gives, absolute and relative."""
    if labels["kind"] == "values" and metric != "loss":
        return _OF_VALUES * max(1.0, *labels["deviation"])
    return _EXACT


def metrics(rows: Sequence[Row], labels: Mapping[str, Any], positive: str | None) -> dict[str, float]:
    """Return the metrics of one split's rows, as far as the rows tell them."""
    found = {"loss": float(np.mean([float(row["loss"]) for row in rows]))}
    names = list(labels["names"])
    match labels["kind"]:
        case "one":
            return found | _of_classes(rows, names, positive)
        case "several":
            return found | _of_label_sets(rows, names)
    return found | _of_values(rows, names)


def _of_classes(rows: Sequence[Row], names: list[str], positive: str | None) -> dict[str, float]:
    wanted = np.asarray([names.index(row["label"]) for row in rows])
    predicted = np.asarray([names.index(row["prediction"]) for row in rows])
    number = names.index(positive) if positive is not None else len(names) - 1
    return one_class.score_probabilities(wanted, predicted, _columns(rows, "probability_", names), number)


def _of_label_sets(rows: Sequence[Row], names: list[str]) -> dict[str, float]:
    wanted, predicted = (_flags(rows, column, names) for column in ("label", "prediction"))
    scores = _columns(rows, "probability_", names)
    found = several_classes.score_decisions(wanted, predicted)
    if ((scores == 0) | (scores == 1)).any():
        # Logits so large that their probabilities can no longer be told apart: their order is lost in the table.
        return found
    return found | several_classes.score_ranking(wanted, scores)


def _of_values(rows: Sequence[Row], names: list[str]) -> dict[str, float]:
    return value_metrics.score(_values(rows, "label", names), _values(rows, "value", names), names)


def inconsistent(
    rows: Sequence[Row], labels: Mapping[str, Any], thresholds: Mapping[str, float]
) -> Iterator[tuple[int, str]]:
    """Yield number and fault of every row whose prediction or loss does not follow from its other numbers."""
    names = list(labels["names"])
    if labels["kind"] == "values":
        wanted, values = _values(rows, "label", names), _values(rows, "value", names)
        losses = np.square((values - wanted) / np.asarray(labels["deviation"])).mean(axis=1)
        yield from _other_losses(rows, losses, 1e-3)
        return
    scores = _columns(rows, "probability_", names)
    if labels["kind"] == "one":
        chosen = [names[number] for number in scores.argmax(axis=1)]
        wanted = np.asarray([names.index(row["label"]) for row in rows])
        likely = scores[np.arange(len(rows)), wanted]
    else:
        least = np.asarray([thresholds[name] for name in names])
        chosen = ["|".join(np.asarray(names, dtype=object)[flags]) for flags in scores >= least]
        likely = np.where(_flags(rows, "label", names), scores, 1 - scores)
    yield from (
        (number, f"the prediction is {row['prediction']!r}, and {expected!r} by its probabilities")
        for number, (row, expected) in enumerate(zip(rows, chosen, strict=True))
        if row["prediction"] != expected
    )
    losses = -np.log(np.clip(likely, 1e-12, 1.0))
    # Near a probability of 1 the table has too few digits to tell the loss of several labels by.
    yield from _other_losses(rows, losses if labels["kind"] == "one" else losses.mean(axis=1), 1e-6)


def _other_losses(rows: Sequence[Row], expected: np.ndarray, tolerance: float) -> Iterator[tuple[int, str]]:
    for number, (row, loss) in enumerate(zip(rows, expected, strict=True)):
        told = float(row["loss"])
        if not np.isclose(told, loss, rtol=tolerance, atol=tolerance) and max(told, loss) < 20:
            yield number, f"the loss is {told:.6g}, and {loss:.6g} by its other numbers"


def _columns(rows: Sequence[Row], beginning: str, names: Sequence[str]) -> np.ndarray:
    return np.asarray([[float(row[f"{beginning}{name}"]) for name in names] for row in rows])


def _values(rows: Sequence[Row], column: str, names: Sequence[str]) -> np.ndarray:
    if len(names) == 1:
        return np.asarray([[float(row[column])] for row in rows])
    return _columns(rows, f"{column}_", names)


def _flags(rows: Sequence[Row], column: str, names: Sequence[str]) -> np.ndarray:
    return np.asarray([[name in row[column].split("|") for name in names] for row in rows])
