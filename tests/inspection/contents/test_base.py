from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.contents.base import (
    Span,
    choose_candidates,
    choose_least,
    choose_thresholds,
    keep_copies,
)
from kerastune_ft.inspection.neighbours import find_neighbours

SPAN = Span(0.75, 0.92)


def test_candidates_are_near_and_mutual() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 10))
    rows[7] = rows[3] + 0.01
    rows[9] = rows[3] - 0.01
    strata = np.arange(60) % 2
    found = choose_candidates(find_neighbours(rows, 8), strata, 3)
    assert {(3, 7), (3, 9), (7, 9)} <= found
    assert all(first < second for first, second in found)
    assert len(found) < 60 * 3
    assert choose_candidates(find_neighbours(rows[:1], 8), strata[:1], 3) == set()


def test_the_threshold_follows_from_the_likeness_of_others() -> None:
    random = np.random.default_rng(0)
    usual = random.normal(0.5, 0.15, 20_000)
    # What 1 in 100 exceeds, as the quantile itself says.
    assert abs(choose_least(usual.tolist(), SPAN) - np.quantile(usual, 0.99)) < 0.01
    # A few copies among them change little.
    assert abs(choose_least([*usual[:1000], *[0.99] * 20], SPAN) - choose_least(usual[:1000].tolist(), SPAN)) < 0.03
    assert choose_least([0.1] * 20, SPAN) == 0.75
    assert choose_least(random.normal(0.9, 0.1, 100).tolist(), SPAN) == 0.92
    assert choose_least([0.9] * 3, SPAN) == 0.75


def test_each_class_has_its_own_and_a_pair_needs_both() -> None:
    rows = np.random.default_rng(0).normal(size=(80, 6))
    strata = np.arange(80) // 40
    thresholds = choose_thresholds(
        find_neighbours(rows, 60), strata, lambda pair: 0.85 if pair[0] >= 40 else 0.2, 64, SPAN
    )
    assert set(thresholds[:40]) == {0.75}
    assert set(thresholds[40:]) == {0.85}
    kept = keep_copies([(0, 1), (2, 50), (3, 51)], [0.8, 0.8, 0.9], thresholds)
    assert [(pair.first, pair.second) for pair in kept.pairs] == [(0, 1), (3, 51)]
    assert (kept.least, kept.compared) == (0.75, 3)
