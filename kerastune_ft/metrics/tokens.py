"""Metrics of written tokens, exact over a whole split: loss, perplexity and the share of tokens that are guessed."""

from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.division import divide
from kerastune_ft.metrics.intervals.base import Sample, measure


def make_sample(losses: np.ndarray, tokens: np.ndarray, hits: np.ndarray) -> Sample:
    """Return examples as intervals need them: of each the summed loss, the tokens that count, and those guessed.

    `loss` is the mean over all tokens, `perplexity` its exponential, `token_accuracy` the share of tokens that have the
    highest score of all after those before them.
    """
    sums = [each.astype(np.float64) for each in (losses, tokens, hits)]

    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        total, number, guessed = (each @ counts for each in sums)
        loss = divide(total, number)
        with np.errstate(over="ignore"):
            return {"loss": loss, "perplexity": np.exp(loss), "token_accuracy": divide(guessed, number)}

    return Sample(len(losses), compute=compute)


def score(losses: np.ndarray, tokens: np.ndarray, hits: np.ndarray) -> dict[str, float]:
    """Return the metrics of a split, see `make_sample`."""
    return measure(make_sample(losses, tokens, hits))
