from __future__ import annotations

import math

import numpy as np
import pytest

from kerastune_ft.metrics import tokens

LOSSES = np.array([4.0, 9.0, 0.5], np.float32)
TOKENS = np.array([2, 6, 1], np.float32)
HITS = np.array([1, 3, 1], np.float32)


def test_metrics_are_over_tokens_and_not_over_examples() -> None:
    total = number = guessed = 0.0
    for loss, count, hits in zip(LOSSES, TOKENS, HITS, strict=True):
        total, number, guessed = total + float(loss), number + float(count), guessed + float(hits)
    found = tokens.score(LOSSES, TOKENS, HITS)
    assert found == pytest.approx(
        {"loss": total / number, "perplexity": math.exp(total / number), "token_accuracy": guessed / number}
    )


def test_of_each_resample_at_a_time() -> None:
    sample = tokens.make_sample(LOSSES, TOKENS, HITS)
    counts = np.array([[1, 0], [1, 0], [1, 3]])
    found = sample.compute(counts)
    assert found["loss"] == pytest.approx([1.5, 0.5])
    assert found["perplexity"] == pytest.approx(np.exp([1.5, 0.5]))
    assert found["token_accuracy"] == pytest.approx([5 / 9, 1])


def test_a_loss_beyond_all_numbers_has_an_infinite_perplexity() -> None:
    assert tokens.score(np.array([1e4]), np.array([1.0]), np.array([0.0]))["perplexity"] == math.inf


def test_of_nothing_there_is_no_mean() -> None:
    found = tokens.score(np.zeros(1), np.zeros(1), np.zeros(1))
    assert math.isnan(found["loss"]) and math.isnan(found["token_accuracy"])
