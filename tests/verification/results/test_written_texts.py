from __future__ import annotations

import math

import pytest

from kerastune_ft.verification.results.base import Table
from kerastune_ft.verification.results.written_texts import TextCheck

LABELS = {"kind": "text", "names": []}
ROWS = [
    {"loss": "2.0", "tokens": "2", "token_accuracy": "0.5"},
    {"loss": "0.5", "tokens": "6", "token_accuracy": "1.0"},
]


def test_metrics_are_over_tokens() -> None:
    found = TextCheck().score(Table(ROWS, LABELS))
    assert found == pytest.approx({"loss": 7 / 8, "perplexity": math.exp(7 / 8), "token_accuracy": 7 / 8})


def test_rows_without_a_token_and_shares_beyond_one_are_faults() -> None:
    assert list(TextCheck().find_faults(Table(ROWS, LABELS))) == []
    bad = [ROWS[0] | {"tokens": "0"}, ROWS[1] | {"token_accuracy": "1.5"}, ROWS[0] | {"token_accuracy": "-0.1"}]
    assert [number for number, _ in TextCheck().find_faults(Table(bad, LABELS))] == [0, 1, 2]
