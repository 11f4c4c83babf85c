"""AUC and average precision of many resamples at once, from one sorting of the examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kerastune_ft.metrics.division import divide, nan_mean


class Ranking:
    """The examples of a split in order of their scores, of which some are positive.

    What is summed are drawn examples: every array is [.., resamples].
    """

    def __init__(self, scores: np.ndarray, positive: np.ndarray) -> None:
        """`scores` [examples] are higher for the examples that are more likely positive; `positive` is bool."""
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        places = np.flatnonzero(positive[self._order])
        self._positives = self._order[places]
        # The examples before and up to those of one score: a threshold divides none of them.
        starts = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        group = np.cumsum(starts) - 1
        bounds = np.append(np.flatnonzero(starts), len(scores))
        self._before, self._upto = bounds[group[places]], bounds[group[places] + 1]
        self._hits_before = np.searchsorted(places, self._before)
        self._hits_upto = np.searchsorted(places, self._upto)

    def compute(self, counts: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the metrics of `names`, some of `METRICS`, for counts [examples, resamples]."""
        weights = counts[self._positives]
        drawn, hits = _accumulate(counts[self._order]), _accumulate(weights)
        return {name: METRICS[name](self, weights, drawn, hits) for name in names}

    def auc(self, weights: np.ndarray, drawn: np.ndarray, hits: np.ndarray) -> np.ndarray:
        """Return the area under the ROC curve, NaN where all or no drawn examples are positive.

        It is the share of pairs of a positive and a negative example in which the positive has the higher score; equal
        scores count one half.
        """
        negatives = drawn[-1] - hits[-1]
        above = drawn[self._before] - hits[self._hits_before]
        above += drawn[self._upto] - hits[self._hits_upto]
        wrong = np.einsum("ij,ij->j", weights, above) / 2
        return 1 - divide(wrong, hits[-1] * negatives)

    def average_precision(self, weights: np.ndarray, drawn: np.ndarray, hits: np.ndarray) -> np.ndarray:
        """Return the mean over the positives of the precision at the threshold that is their score.

        NaN where no drawn example is positive.
        """
        # Where nothing is drawn up to a score, the weight of its examples is 0 as well.
        precision = hits[self._hits_upto] / np.maximum(drawn[self._upto], 1)
        return divide(np.einsum("ij,ij->j", weights, precision), hits[-1])


METRICS: Mapping[str, Callable[[Ranking, np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "auc": Ranking.auc,
    "average_precision": Ranking.average_precision,
}
"""The methods by metric; each takes the weights of the positives and the sums of all examples and of positives."""


def average_rankings(
    rankings: Sequence[Ranking], counts: np.ndarray, names: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Return the mean of every metric over the rankings that have one; `names` has for each what it is of a ranking."""
    own = [ranking.compute(counts, list(names.values())) for ranking in rankings]
    return {name: nan_mean(np.stack([each[metric] for each in own])) for name, metric in names.items()}


def _accumulate(rows: np.ndarray) -> np.ndarray:
    """Return the sums of the first rows, from none of them to all."""
    sums = np.empty((len(rows) + 1, rows.shape[1]))
    sums[0] = 0
    np.cumsum(rows, axis=0, out=sums[1:])
    return sums
