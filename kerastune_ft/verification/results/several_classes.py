"""Results for examples to which any number of classes apply, computed again from their probabilities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.metrics import several_classes
from kerastune_ft.metrics.class_figures import score_several_classes
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.several_classes import RANKED, Answers, make_sample
from kerastune_ft.verification.results.base import (
    ResultCheck,
    Table,
    average_losses,
    find_wrong_losses,
    find_wrong_predictions,
    read_columns,
    read_losses,
)

# Near a probability of 1 the table has too few digits to compute the loss more exactly.
_LOSS_TOLERANCE = 1e-6
_SMALLEST_PROBABILITY = 1e-12


class SeveralClassesCheck(ResultCheck):
    """Loss, accuracy, macro F1, AUC and mean average precision; classes are predicted from their thresholds on."""

    def score(self, table: Table) -> dict[str, float]:
        """Return the metrics; without AUC and average precision where some probability is exactly 0 or 1."""
        answers = _read_answers(table)
        found = average_losses(table.rows) | several_classes.score_decisions(answers.wanted, answers.predicted)
        return found | several_classes.score_ranking(answers.wanted, answers.scores) if _can_rank(answers) else found

    def sample(self, table: Table, names: Sequence[str]) -> Sample:
        """Return the classes, probabilities and losses of the rows, without what `score` leaves out."""
        answers = _read_answers(table)
        known = names if _can_rank(answers) else [name for name in names if name not in RANKED]
        return make_sample(answers, known)

    def score_classes(self, table: Table) -> dict[str, dict[str, float]]:
        """Return precision, recall, F1 and the number of examples by class."""
        wanted, predicted = (_read_flags(table, column) for column in ("label", "prediction"))
        return score_several_classes(wanted, predicted, table.names)

    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield the rows whose predictions or loss do not follow from the probabilities and thresholds."""
        rows, names = table.rows, table.names
        scores = read_columns(rows, "probability_", names)
        predicted = scores >= np.asarray([table.thresholds[name] for name in names])
        texts = np.asarray(names, dtype=object)
        yield from find_wrong_predictions(rows, [SEPARATOR.join(texts[flags]) for flags in predicted])
        likely = np.where(_read_flags(table, "label"), scores, 1 - scores)
        losses = -np.log(np.clip(likely, _SMALLEST_PROBABILITY, 1.0)).mean(axis=1)
        yield from find_wrong_losses(rows, losses, _LOSS_TOLERANCE)


def _read_answers(table: Table) -> Answers:
    wanted, predicted = (_read_flags(table, column) for column in ("label", "prediction"))
    return Answers(wanted, predicted, read_columns(table.rows, "probability_", table.names), read_losses(table.rows))


def _can_rank(answers: Answers) -> bool:
    """Return whether probabilities sort examples as their logits do: very large logits have equal probabilities."""
    return not ((answers.scores == 0) | (answers.scores == 1)).any()


def _read_flags(table: Table, column: str) -> np.ndarray:
    """Return for every row and class whether the cell names the class, bool [rows, classes]."""
    return np.asarray([[name in row[column].split(SEPARATOR) for name in table.names] for row in table.rows])
