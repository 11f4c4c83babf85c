from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wilcoxon

from kerastune_ft.explaining.deletion import (
    CONVINCING,
    DRAWS,
    FEW,
    NOTHING,
    WEAK,
    choose_hottest,
    draw_random,
    judge,
)


def test_the_hottest_fifth_of_what_may_be_erased() -> None:
    heat = np.arange(25.0).reshape(5, 5)
    allowed = np.ones((5, 5), bool)
    assert np.flatnonzero(choose_hottest(heat, allowed)).tolist() == [20, 21, 22, 23, 24]
    allowed[4] = False
    assert np.flatnonzero(choose_hottest(heat, allowed)).tolist() == [16, 17, 18, 19]
    assert choose_hottest(np.array([1.0, 1.0]), np.ones(2, bool)).tolist() == [True, False]


def test_random_cells_follow_from_the_address_alone() -> None:
    allowed = np.ones(40, bool)
    allowed[:10] = False
    drawn = draw_random(allowed, (3, 77))
    assert drawn.shape == (DRAWS, 40)
    assert (drawn.sum(axis=1) == 6).all()
    assert not drawn[:, :10].any()
    assert (drawn == draw_random(allowed, (3, 77))).all()
    assert (drawn != draw_random(allowed, (3, 78))).any()
    assert len({row.tobytes() for row in drawn}) == DRAWS


@pytest.mark.parametrize(("shift", "verdict"), [(0.3, CONVINCING), (0.03, WEAK), (0.0, NOTHING), (-0.2, NOTHING)])
def test_the_verdict_is_that_of_the_paired_test(shift: float, verdict: str) -> None:
    random = np.random.default_rng(4)
    usual = random.normal(0.1, 0.05, 30)
    hot = usual + random.normal(0, 0.06, 30) + shift
    found = judge(hot.tolist(), usual.tolist(), "probability")
    assert found.verdict == verdict
    assert found.p_value == pytest.approx(wilcoxon(hot - usual, alternative="greater").pvalue)
    assert (found.hot, found.random) == pytest.approx((hot.mean(), usual.mean()))
    assert found.larger == (hot > usual).sum()
    assert f"{hot.mean():.2f} of the probability away, a fifth at random {usual.mean():.2f}" in found.words


def test_what_hardly_matters_means_nothing_however_sure_it_is() -> None:
    found = judge([0.001 + number / 1e6 for number in range(30)], [0.0] * 30, "probability")
    assert found.p_value is not None and found.p_value < 1e-6
    assert found.verdict == NOTHING


def test_equal_differences_and_few_examples() -> None:
    assert judge([0.1] * 10, [0.1] * 10, "probability").verdict == NOTHING
    few = judge([0.5] * 3, [0.1] * 3, "deviations of the labels")
    assert (few.verdict, few.p_value) == (FEW, None)
    assert "takes 0.50 deviations of the labels away" in few.words
    assert judge([], [], "probability").hot == 0.0
