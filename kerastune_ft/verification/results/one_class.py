"""Results for examples that have one of several classes, computed again from their probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kerastune_ft.data.labels.spelling import find_label
from kerastune_ft.metrics import one_class
from kerastune_ft.metrics.class_figures import score_one_class
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.one_class import Answers, make_sample
from kerastune_ft.verification.results.base import (
    ResultCheck,
    Table,
    average_losses,
    find_wrong_losses,
    find_wrong_predictions,
    read_columns,
    read_losses,
)

_LOSS_TOLERANCE = 1e-6
_SMALLEST_PROBABILITY = 1e-12


class OneClassCheck(ResultCheck):
    """Loss, accuracy, macro F1 and AUC; the prediction is the likeliest class."""

    def score(self, table: Table) -> dict[str, float]:
        """Return loss, accuracy, macro F1 and AUC."""
        found = _read_answers(table)
        return average_losses(table.rows) | one_class.score_probabilities(
            found.targets, found.predicted, found.probabilities, found.positive, table.rules
        )

    def sample(self, table: Table, names: Sequence[str]) -> Sample:
        """Return classes, probabilities and losses of the rows."""
        return make_sample(_read_answers(table), names, table.rules)

    def score_classes(self, table: Table) -> dict[str, dict[str, float]]:
        """Return precision, recall, F1 and the number of examples by class."""
        wanted, predicted = (_number_classes(table, column) for column in ("label", "prediction"))
        return score_one_class(wanted, predicted, table.names)

    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield the rows whose prediction or loss does not follow from the probabilities."""
        rows, names = table.rows, table.names
        scores = read_columns(rows, "probability_", names)
        yield from find_wrong_predictions(rows, [names[number] for number in scores.argmax(axis=1)])
        likely = scores[np.arange(len(rows)), _number_classes(table, "label")]
        yield from find_wrong_losses(rows, -np.log(np.clip(likely, _SMALLEST_PROBABILITY, 1.0)), _LOSS_TOLERANCE)


def _read_answers(table: Table) -> Answers:
    names, positive = table.names, table.positive
    wanted, predicted = (_number_classes(table, column) for column in ("label", "prediction"))
    number = len(names) - 1 if positive is None else names.index(find_label(positive, names) or positive)
    return Answers(wanted, predicted, read_columns(table.rows, "probability_", names), read_losses(table.rows), number)


def _number_classes(table: Table, column: str) -> np.ndarray:
    names = table.names
    return np.asarray([names.index(row[column]) for row in table.rows])
