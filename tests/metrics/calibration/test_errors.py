from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics.calibration.errors import Claims, describe_reliability, number_bins
from kerastune_ft.metrics.intervals.draws import draw_counts, number_groups
from kerastune_ft.metrics.intervals.wilson import share_interval

RANDOM = np.random.default_rng(5)


def make_claims(examples: int = 300, each: int = 1) -> Claims:
    probabilities = RANDOM.random((examples, each))
    return Claims(probabilities, (RANDOM.random((examples, each)) < probabilities**2).astype(float))


def test_bins_hold_equally_many_values_and_never_divide_equal_ones() -> None:
    values = RANDOM.permutation(np.arange(300) / 300)
    numbers = number_bins(values)
    assert np.bincount(numbers).tolist() == [20] * 15
    assert all(values[numbers == each].max() < values[numbers == each + 1].min() for each in range(14))
    assert np.bincount(number_bins(np.arange(47))).tolist() == [12, 11, 12, 12]
    tied = np.array([0.5] * 200 + [0.1] * 10 + [0.9] * 90)
    found = number_bins(tied)
    assert found.tolist() == number_bins(tied[::-1])[::-1].tolist()
    assert {len(set(found[tied == value])) for value in (0.1, 0.5, 0.9)} == {1}
    assert number_bins(np.zeros(4)).tolist() == [0] * 4
    assert number_bins(np.array([0.3])).tolist() == [0]


def test_ece_by_hand_and_bins_with_wilsons_intervals() -> None:
    claims = make_claims()
    found = describe_reliability(claims)
    order = np.argsort(claims.probabilities[:, 0])
    parts = np.array_split(order, 15)
    p, hits = claims.probabilities[:, 0], claims.hits[:, 0]
    ece = sum(len(part) * abs(p[part].mean() - hits[part].mean()) for part in parts) / 300
    assert found["ece"] == pytest.approx(ece)
    for part, shown in zip(parts, found["bins"], strict=True):
        assert shown["claims"] == 20
        assert (shown["lowest"], shown["highest"]) == (p[part].min(), p[part].max())
        assert shown["probability"] == pytest.approx(p[part].mean())
        assert shown["share"] == pytest.approx(hits[part].mean())
        assert shown["interval"] == share_interval(hits[part].sum(), 20)


def test_ece_by_chance_is_that_of_probabilities_that_are_right() -> None:
    p = RANDOM.uniform(0.3, 1, (600, 1))
    found = [describe_reliability(Claims(p, (RANDOM.random(p.shape) < p).astype(float)))["ece"] for _ in range(40)]
    assert describe_reliability(Claims(p, np.ones(p.shape)))["ece_by_chance"] == pytest.approx(np.mean(found), rel=0.1)


def test_probabilities_of_0_and_1_that_are_right() -> None:
    claims = np.array([[0.0], [1.0]] * 15)
    found = describe_reliability(Claims(claims, claims))
    assert (found["ece"], found["ece_by_chance"]) == (0, 0)


def test_whole_groups_and_whole_examples_are_drawn_for_bins() -> None:
    for each in (1, 3):
        claims = make_claims(60, each)
        groups = [str(number // 5) for number in range(60)]
        found = describe_reliability(claims, groups)
        numbers = number_bins(claims.probabilities.reshape(-1)).reshape(60, each)
        counts = np.concatenate(list(draw_counts(60, groups)), axis=1)
        inside = (numbers == 4).astype(float)
        shares = [
            (inside * claims.hits * drawn[:, None]).sum() / total
            for drawn in counts.T
            if (total := (inside * drawn[:, None]).sum())
        ]
        wanted = np.quantile(shares, [0.025, 0.975])
        assert list(found["bins"][4]["interval"]) == pytest.approx(list(wanted), rel=1e-5)
        assert number_groups(groups).max() == 11
