from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.decisions.curves import describe_curves, list_points, trace
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.intervals.draws import draw_counts

RANDOM = np.random.default_rng(6)


def make_scored(examples: int = 60, name: str = "ill") -> Scored:
    """Scores with ties, higher for the positive ones."""
    positive = RANDOM.random(examples) < 0.4
    return Scored(name, positive, np.round(np.clip(RANDOM.normal(0.4 + 0.3 * positive, 0.25), 0, 1), 1))


def test_points_are_those_of_scikit_learn() -> None:
    scored = make_scored()
    columns = np.array(list_points(trace(scored))[1:], float)
    false, true, thresholds = metrics.roc_curve(scored.is_positive, scored.scores, drop_intermediate=False)
    assert columns[:, 0] == pytest.approx(thresholds[1:])
    assert columns[:, 1] == pytest.approx(true[1:], abs=1e-5)
    assert columns[:, 2] == pytest.approx(1 - false[1:], abs=1e-5)
    precision, recall, _ = metrics.precision_recall_curve(scored.is_positive, scored.scores)
    assert columns[::-1, 3] == pytest.approx(precision[:-1], abs=1e-4)
    assert columns[::-1, 1] == pytest.approx(recall[:-1], abs=1e-5)
    assert list_points(trace(scored))[0] == [None, 0.0, 1.0, None]


def test_many_points_are_thinned_and_the_ends_stay() -> None:
    scored = Scored("ill", RANDOM.random(5000) < 0.5, RANDOM.random(5000))
    points = list_points(trace(scored))
    assert 80 < len(points) <= 102
    assert points[-1][1:3] == [1.0, 0.0]
    assert points[1][0] == pytest.approx(scored.scores.max(), rel=1e-4)
    sensitivities = [point[1] for point in points]
    assert sensitivities == sorted(sensitivities)


def draw_auc(scored: Scored, counts: np.ndarray) -> np.ndarray:
    """The share of pairs of a positive and a negative drawn example that are in order."""
    positive, scores = scored.is_positive, scored.scores
    ahead = np.sign(scores[positive][:, None] - scores[~positive]) / 2 + 0.5
    pairs = np.einsum("pr,pn,nr->r", counts[positive], ahead, counts[~positive])
    return pairs / (counts[positive].sum(axis=0) * counts[~positive].sum(axis=0))


def draw_precision(scored: Scored, counts: np.ndarray) -> np.ndarray:
    """The precision at every threshold, weighted by the positives that are drawn at it."""
    total = 0.0
    for score in np.unique(scored.scores):
        above = counts[scored.scores >= score].sum(axis=0)
        hits = counts[(scored.scores >= score) & scored.is_positive].sum(axis=0)
        here = counts[(scored.scores == score) & scored.is_positive].sum(axis=0)
        total = total + here * hits / np.maximum(above, 1)
    return total / counts[scored.is_positive].sum(axis=0)


def test_areas_and_their_intervals() -> None:
    scored = [make_scored(60, "a"), make_scored(60, "b")]
    groups = [str(number // 3) for number in range(60)]
    for given in (None, groups):
        found = describe_curves(scored, given)
        counts = np.concatenate(list(draw_counts(60, given)), axis=1)
        for each, row in zip(scored, found["classes"], strict=True):
            assert row["positives"] == each.is_positive.sum()
            for name, score in (("auc", metrics.roc_auc_score), ("average_precision", metrics.average_precision_score)):
                assert row[name] == pytest.approx(score(each.is_positive, each.scores))
            for name, values in (("auc", draw_auc(each, counts)), ("average_precision", draw_precision(each, counts))):
                wanted = list(np.quantile(values, [0.025, 0.975]))
                assert list(row["intervals"][name]) == pytest.approx(wanted, rel=1e-4)


def test_of_many_classes_the_worst_are_drawn() -> None:
    scored = [make_scored(40, str(number)) for number in range(20)]
    rows = describe_curves(scored)["classes"]
    drawn = [row["auc"] for row in rows if "points" in row]
    assert len(drawn) == 12
    assert max(drawn) <= min(row["auc"] for row in rows if "points" not in row)


def test_corner_cases() -> None:
    scores = np.array([0.2, 0.5, 0.9])
    none = describe_curves([Scored("a", np.zeros(3, bool), scores)])["classes"][0]
    assert np.isnan(none["auc"]) and np.isnan(none["average_precision"]) and none["intervals"] == {}
    assert none["points"][0] == [None, None, 1.0, None] and none["points"][-1] == [0.2, None, 0.0, 0.0]
    every = describe_curves([Scored("a", np.ones(3, bool), scores)])["classes"][0]
    assert np.isnan(every["auc"]) and every["average_precision"] == 1
    constant = describe_curves([Scored("a", np.array([True, False, True]), np.full(3, 0.5))])["classes"][0]
    assert constant["auc"] == 0.5 and constant["average_precision"] == pytest.approx(2 / 3)
    assert [point[1] for point in constant["points"]] == [0.0, 1.0]
    assert describe_curves([]) is None
    assert describe_curves([Scored("a", np.zeros(0, bool), np.zeros(0))]) is None
    assert describe_curves([Scored("a", np.zeros(3_000_001, bool), np.zeros(3_000_001))]) is None
