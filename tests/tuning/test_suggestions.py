from __future__ import annotations

import math

import numpy as np
import pytest

from kerastune_ft.tuning.suggestions import describe, find_steepest, find_valley, round_rate, smooth, suggest


def test_the_running_mean_is_corrected_for_its_start() -> None:
    losses = [3.0, 1.0, 2.0]
    means = [3.0, (0.98 * 0.02 * 3.0 + 0.02 * 1.0) / (1 - 0.98**2)]
    means.append((0.98 * (0.98 * 0.02 * 3.0 + 0.02 * 1.0) + 0.02 * 2.0) / (1 - 0.98**3))
    assert smooth(losses) == pytest.approx(means)
    assert smooth([0.7] * 50) == pytest.approx([0.7] * 50)


def by_hand(rates: list[float], losses: list[float]) -> float:
    """The middle of the longest fall, by looking at every chain of falling losses there is."""
    best: list[int] = []

    def extend(chain: list[int]) -> None:
        nonlocal best
        if len(chain) > len(best) or (chain and len(chain) == len(best) and chain[-1] < best[-1]):
            best = list(chain)
        for step in range(chain[-1] + 1 if chain else 0, len(losses)):
            if not chain or losses[step] < losses[chain[-1]]:
                extend([*chain, step])

    extend([])
    k, e = len(best), best[-1]
    return rates[max(0, e - k + k // 3 + k // 6)]


@pytest.mark.parametrize("seed", range(8))
def test_the_valley_is_the_middle_of_the_longest_fall(seed: int) -> None:
    random = np.random.default_rng(seed)
    losses = np.cos(np.linspace(0, 4, 14)) + 0.4 * random.normal(size=14)
    rates = np.geomspace(1e-5, 1, 14)
    assert find_valley(rates, losses) == by_hand(rates.tolist(), losses.tolist())


def test_the_steepest_is_found_by_a_hand_loop() -> None:
    rates, losses = np.geomspace(1e-5, 1, 40), 1 / (1 + np.exp((np.arange(40) - 20) / 3)) + 0.01 * np.sin(np.arange(40))
    slopes = {
        math.sqrt(rates[at] * rates[at + 5]): (losses[at + 5] - losses[at])
        / (math.log(rates[at + 5]) - math.log(rates[at]))
        for at in range(35)
    }
    assert find_steepest(rates, losses, 5) == pytest.approx(min(slopes, key=lambda rate: slopes[rate]))


def test_a_curve_that_falls_and_explodes_has_both_and_one_that_rises_has_none() -> None:
    rates = np.geomspace(1e-6, 1, 100)
    exponents = np.log10(rates)
    curve = 2 - 1.5 / (1 + np.exp(-(exponents + 3) * 3)) + np.where(exponents > -1, (exponents + 1) * 40, 0)
    found = suggest(rates, curve, 100)
    assert list(found) == ["valley", "steepest"] == list(describe(found))
    assert all(1e-4 < rate < 1e-1 for rate in found.values())
    assert found["steepest"] == pytest.approx(1e-3, rel=0.5)
    assert suggest(rates, np.linspace(1, 9, 100), 100) == {}
    # Ten steps are left out at the start and five at the end: nothing is left to look at.
    assert suggest(rates[:20], curve[:20], 100) == {}


def test_rates_are_written_in_two_digits() -> None:
    assert [round_rate(rate) for rate in (0.0048639, 1.26e-5, 3.0)] == [0.0049, 1.3e-5, 3.0]
