"""Results for texts that a model writes, computed again from the mean loss of every example and its tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kerastune_ft.metrics.intervals.base import Sample, measure
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
        return make_sample(losses * tokens, tokens, shares * tokens)

    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield the rows that have no token, or a share beyond 1."""
        for number, row in enumerate(table.rows):
            if int(row["tokens"]) < 1 or not 0 <= float(row["token_accuracy"]) <= 1:
                yield number, f"{row['tokens']} tokens, of which a share of {row['token_accuracy']} is guessed"
