"""Results for texts that a model writes, computed again from the mean loss of every example and its tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from kerastune_ft.metrics.intervals.base import Sample, join_samples, measure
from kerastune_ft.metrics.texts import score as text_metrics
from kerastune_ft.metrics.tokens import make_sample
from kerastune_ft.verification.results.base import ResultCheck, Table


class TextCheck(ResultCheck):
    """Loss, perplexity and token accuracy over all tokens."""

    def score(self, table: Table) -> dict[str, float]:
        """Return the metrics of one split's rows."""
        return measure(self.sample(table, ()))

    def sample(self, table: Table, names: Sequence[str]) -> Sample:
        """Return the sums of the rows."""
        columns = [[float(row[name]) for row in table.rows] for name in ("loss", "tokens", "token_accuracy")]
        losses, tokens, shares = (np.asarray(each) for each in columns)
        own = make_sample(losses * tokens, tokens, shares * tokens)
        return join_samples(own, text_metrics.make_sample(_score_rows(table.rows)))

    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield the rows that have no token, or a share beyond 1."""
        for number, row in enumerate(table.rows):
            if int(row["tokens"]) < 1 or not 0 <= float(row["token_accuracy"]) <= 1:
                yield number, f"{row['tokens']} tokens, of which a share of {row['token_accuracy']} is guessed"


def _score_rows(rows: Sequence[Mapping[str, str]]) -> dict[str, np.ndarray]:
    """Return what answers add to metrics of written texts: computed from the texts, or as the table has it without."""
    columns = set(rows[0]) if rows else set()
    metrics = [name for name in text_metrics.GENERATED if columns.issuperset(text_metrics.list_parts(name))]
    if not metrics:
        return {}
    if not columns.issuperset(text_metrics.TEXTS):
        parts = [part for name in metrics for part in text_metrics.list_parts(name)]
        return {part: np.array([float(row[part] or "nan") for row in rows]) for part in parts}
    answers = [row["answer"] if row[text_metrics.ANSWERED] == "1" else None for row in rows]
    return text_metrics.score_answers(answers, [row["expected"] for row in rows], metrics)
