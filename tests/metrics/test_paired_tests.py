from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from kerastune_ft.metrics.paired_tests import adjust_by_holm, compare_hits, compare_on_folds


def hits(b: int, c: int, both: int = 3, none: int = 2) -> tuple[np.ndarray, np.ndarray]:
    first = [1] * b + [0] * c + [1] * both + [0] * none
    other = [0] * b + [1] * c + [1] * both + [0] * none
    return np.array(first, np.float64), np.array(other, np.float64)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (0, 5), (3, 3), (2, 7), (10, 1)])
def test_p_is_the_share_of_divisions_that_are_as_uneven(b: int, c: int) -> None:
    """Every way in which the discordant examples can fall to the two models, counted one by one."""
    n = b + c
    as_uneven = sum(abs(2 * sum(way) - n) >= abs(b - c) for way in itertools.product((0, 1), repeat=n))
    test = compare_hits(*hits(b, c))
    assert (test.only_first, test.only_other) == (b, c)
    assert test.p == pytest.approx(float(Fraction(as_uneven, 2**n)), rel=1e-12)


def test_many_discordant_examples_are_exact() -> None:
    assert compare_hits(*hits(600, 600)).p == 1.0
    # Of the normal distribution with continuity correction: (|b - c| - 1) / sqrt(b + c) = 3.13.
    assert compare_hits(*hits(2000, 2200)).p == pytest.approx(0.00213, rel=0.01)
    assert 0 < compare_hits(*hits(0, 1000)).p < 1e-300


def test_differences_by_fold_have_the_corrected_variance() -> None:
    differences = [0.01, 0.03, -0.01, 0.02, 0.05]
    found = compare_on_folds(differences, 20, 80)
    mean = sum(differences) / 5
    variance = sum((each - mean) ** 2 for each in differences) / 4 * (1 / 5 + 20 / 80)
    # The 97.5 % quantile of t with 4 degrees of freedom.
    half = 2.776445105 * variance**0.5
    assert found.difference == pytest.approx(mean) and found.interval == pytest.approx((mean - half, mean + half))
    # With 4 degrees of freedom the distribution of t has a closed form.
    x = mean / variance**0.5
    assert found.p == pytest.approx(2 * (1 - _share_of_4(x)), rel=1e-6)
    # Uncorrected it would look surer than it is.
    assert found.p > 2 * (1 - _share_of_4(mean / (variance / (1 / 5 + 20 / 80) / 5) ** 0.5))
    assert compare_on_folds([0.25, 0.25], 1, 1) == (0.25, None, None)


def _share_of_4(x: float) -> float:
    return 0.5 + (x / (4 + x * x) ** 0.5) * (1 + 2 / (4 + x * x)) / 2


def test_holm_by_hand() -> None:
    assert adjust_by_holm([]) == []
    assert adjust_by_holm([0.03]) == [0.03]
    assert adjust_by_holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert adjust_by_holm([0.5, 0.9, 0.4]) == [1.0, 1.0, 1.0]
