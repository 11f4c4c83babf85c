"""Results for examples to which any number of classes apply, computed again from their probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.metrics import several_classes
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.verification.results.base import (
    ResultCheck,
    Row,
    average_losses,
    find_wrong_losses,
    find_wrong_predictions,
    read_columns,
)

# Near a probability of 1 the table has too few digits to compute the loss more exactly.
_LOSS_TOLERANCE = 1e-6
_SMALLEST_PROBABILITY = 1e-12


class SeveralClassesCheck(ResultCheck):
    """Loss, accuracy, macro F1, AUC and mean average precision; classes are predicted from their thresholds on."""

    def score(
        self, rows: Sequence[Row], labels: Mapping[str, Any], positive: str | None, rules: Rules = NEWEST
    ) -> dict[str, float]:
        """Return the metrics; without AUC and average precision where some probability is exactly 0 or 1."""
        names = list(labels["names"])
        wanted, predicted = (_read_flags(rows, column, names) for column in ("label", "prediction"))
        scores = read_columns(rows, "probability_", names)
        found = average_losses(rows) | several_classes.score_decisions(wanted, predicted)
        if ((scores == 0) | (scores == 1)).any():
            # Very large logits have equal probabilities, so their order cannot be read from the table.
            return found
        return found | several_classes.score_ranking(wanted, scores)

    def find_faults(
        self, rows: Sequence[Row], labels: Mapping[str, Any], thresholds: Mapping[str, float]
    ) -> Iterator[tuple[int, str]]:
        """Yield the rows whose predictions or loss do not follow from the probabilities and thresholds."""
        names = list(labels["names"])
        scores = read_columns(rows, "probability_", names)
        predicted = scores >= np.asarray([thresholds[name] for name in names])
        texts = np.asarray(names, dtype=object)
        yield from find_wrong_predictions(rows, [SEPARATOR.join(texts[flags]) for flags in predicted])
        likely = np.where(_read_flags(rows, "label", names), scores, 1 - scores)
        losses = -np.log(np.clip(likely, _SMALLEST_PROBABILITY, 1.0)).mean(axis=1)
        yield from find_wrong_losses(rows, losses, _LOSS_TOLERANCE)


def _read_flags(rows: Sequence[Row], column: str, names: Sequence[str]) -> np.ndarray:
    """Return for every row and class whether the cell names the class, bool [rows, classes]."""
    return np.asarray([[name in row[column].split(SEPARATOR) for name in names] for row in rows])
