from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.ranking import METRICS, Ranking, average_rankings

RANDOM = np.random.default_rng(3)
POSITIVE = RANDOM.random(50) < 0.3
COUNTS = np.concatenate(list(draw_counts(50, resamples=10)), axis=1)


@pytest.mark.parametrize("digits", [16, 1, 0], ids=["all scores differ", "some are the same", "two scores"])
def test_metrics_are_those_of_scikit_learn_on_the_drawn_rows(digits: int) -> None:
    scores = np.round(RANDOM.random(50) + 0.2 * POSITIVE, digits)
    found = Ranking(scores, POSITIVE).compute(COUNTS, list(METRICS))
    for resample, counts in enumerate(COUNTS.T):
        rows = np.repeat(np.arange(50), counts.astype(int))
        assert found["auc"][resample] == pytest.approx(metrics.roc_auc_score(POSITIVE[rows], scores[rows]))
        expected = metrics.average_precision_score(POSITIVE[rows], scores[rows])
        assert found["average_precision"][resample] == pytest.approx(expected)


def test_a_constant_score_has_half_the_area_and_the_share_of_positives() -> None:
    found = Ranking(np.full(50, 0.2), POSITIVE).compute(np.ones((50, 1)), list(METRICS))
    assert found["auc"] == pytest.approx([0.5])
    assert found["average_precision"] == pytest.approx([POSITIVE.mean()])


def test_without_positives_or_negatives_there_is_none() -> None:
    counts = np.ones((50, 2))
    nobody = Ranking(RANDOM.random(50), np.zeros(50, bool)).compute(counts, list(METRICS))
    assert np.isnan(nobody["auc"]).all()
    assert np.isnan(nobody["average_precision"]).all()
    everybody = Ranking(RANDOM.random(50), np.ones(50, bool)).compute(counts, list(METRICS))
    assert np.isnan(everybody["auc"]).all()
    assert everybody["average_precision"].tolist() == [1, 1]


def test_the_mean_is_over_the_rankings_that_have_one() -> None:
    scores = RANDOM.random(50)
    one, nobody = Ranking(scores, POSITIVE), Ranking(scores, np.zeros(50, bool))
    found = average_rankings([one, nobody], COUNTS, {"auc": "auc", "mean_average_precision": "average_precision"})
    assert (found["auc"] == one.compute(COUNTS, ["auc"])["auc"]).all()
    assert list(found) == ["auc", "mean_average_precision"]
