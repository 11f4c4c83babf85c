"""Results for examples that have one of several classes, computed again from their probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.spelling import find_label
from kerastune_ft.metrics import one_class
from kerastune_ft.metrics.class_figures import score_one_class
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.one_class import Answers, make_sample
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.verification.results.base import (
    ResultCheck,
    Row,
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

    def score(
        self, rows: Sequence[Row], labels: Mapping[str, Any], positive: str | None, rules: Rules = NEWEST
    ) -> dict[str, float]:
        """Return loss, accuracy, macro F1 and AUC."""
        found = _read_answers(rows, labels, positive)
        return average_losses(rows) | one_class.score_probabilities(
            found.targets, found.predicted, found.probabilities, found.positive, rules
        )

    def sample(
        self,
        rows: Sequence[Row],
        labels: Mapping[str, Any],
        positive: str | None,
        names: Sequence[str],
        rules: Rules = NEWEST,
    ) -> Sample:
        """Return classes, probabilities and losses of the rows."""
        return make_sample(_read_answers(rows, labels, positive), names, rules)

    def score_classes(self, rows: Sequence[Row], labels: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Return precision, recall, F1 and the number of examples by class."""
        names = list(labels["names"])
        wanted, predicted = (_number_classes(rows, column, names) for column in ("label", "prediction"))
        return score_one_class(wanted, predicted, names)

    def find_faults(
        self, rows: Sequence[Row], labels: Mapping[str, Any], thresholds: Mapping[str, float]
    ) -> Iterator[tuple[int, str]]:
        """Yield the rows whose prediction or loss does not follow from the probabilities."""
        names = list(labels["names"])
        scores = read_columns(rows, "probability_", names)
        yield from find_wrong_predictions(rows, [names[number] for number in scores.argmax(axis=1)])
        likely = scores[np.arange(len(rows)), _number_classes(rows, "label", names)]
        yield from find_wrong_losses(rows, -np.log(np.clip(likely, _SMALLEST_PROBABILITY, 1.0)), _LOSS_TOLERANCE)


def _read_answers(rows: Sequence[Row], labels: Mapping[str, Any], positive: str | None) -> Answers:
    names = list(labels["names"])
    wanted, predicted = (_number_classes(rows, column, names) for column in ("label", "prediction"))
    number = len(names) - 1 if positive is None else names.index(find_label(positive, names) or positive)
    return Answers(wanted, predicted, read_columns(rows, "probability_", names), read_losses(rows), number)


def _number_classes(rows: Sequence[Row], column: str, names: Sequence[str]) -> np.ndarray:
    return np.asarray([names.index(row[column]) for row in rows])
