from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.updates.rates import RatePolicy
from kerastune_ft.rules import FIRST
from kerastune_ft.training.plan.schedules import momentum_table, rate_table, warmup_steps

SHAPES = ("constant", "cosine", "linear", "exponential", "one_cycle", "flat_cosine")
PEAK = 1e-3


def table(steps: int, **options: Any) -> np.ndarray:
    return rate_table(RatePolicy(**{"peak": PEAK, **options}), steps)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.99])
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_every_step_has_a_rate_above_zero_and_one_has_the_peak(shape: str, warmup: float, steps: int) -> None:
    rates = table(steps, shape=shape, warmup=warmup)
    assert rates.shape == (steps,)
    assert rates.dtype == np.float32
    assert (rates > 0).all()
    assert rates.max() == np.float32(PEAK)


@pytest.mark.parametrize("shape", SHAPES)
def test_warm_up_rises_by_equal_amounts_to_the_peak(shape: str) -> None:
    rates = table(40, shape=shape, warmup=0.25)
    np.testing.assert_allclose(rates[:11], PEAK * np.arange(1, 12) / 11, rtol=1e-6)
    assert warmup_steps(RatePolicy(peak=PEAK, shape=shape, warmup=0.25), 40) == 10
    assert (np.diff(rates[10:]) <= 0).all()


@pytest.mark.parametrize("shape", SHAPES[1:])
@pytest.mark.parametrize("final", [0.0, 1e-5, 1e-3])
@pytest.mark.parametrize("warmup", [None, 0.0, 0.4])
@pytest.mark.parametrize("steps", [2, 3, 20])
def test_the_last_step_has_the_final_rate(shape: str, final: float, warmup: float | None, steps: int) -> None:
    if shape == "exponential" and not final:
        return
    rates = table(steps, shape=shape, final=final, warmup=warmup)
    assert rates[-1] == pytest.approx(final, rel=1e-6, abs=1e-12)
    assert rates.max() == np.float32(PEAK)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_phase_of_one_step_has_the_peak(shape: str) -> None:
    assert table(1, shape=shape, final=1e-5).tolist() == [np.float32(PEAK)]


def test_without_a_final_rate_shapes_fall_to_their_own() -> None:
    assert table(20, shape="exponential")[-1] == pytest.approx(PEAK / 100)
    for shape in ("cosine", "linear", "one_cycle", "flat_cosine"):
        rates = table(1000, shape=shape)
        assert 0 < rates[-1] < PEAK / 500
        # The step after the last would have none: the same shape, one step longer, reaches it.
        longer = table(1001, shape=shape, final=0.0, warmup=rates.argmax() / 1001)
        assert longer[-1] == 0
        np.testing.assert_allclose(longer[:-1], rates, rtol=1e-5, atol=PEAK * 1e-6)


def by_hand(shape: str, peak: float, final: float, steps: int, warmup: int) -> list[float]:
    """The rates step by step, as the page on training says them."""
    rates = []
    for step in range(steps):
        if step < warmup:
            rates.append(peak * (step + 1) / (warmup + 1))
            continue
        last = steps - 1 - warmup
        t = (step - warmup) / last if last else 0.0
        fall = {
            "linear": t,
            "cosine": math.sin(math.pi * t / 2) ** 2,
            "one_cycle": math.sin(math.pi * t / 2) ** 2,
            "exponential": t,
            "flat_cosine": math.sin(math.pi * max(0.0, t - 0.72) / 0.28 / 2) ** 2,
        }[shape]
        if shape == "exponential":
            rates.append(math.exp(math.log(peak) * (1 - fall) + math.log(final) * fall))
        else:
            rates.append(peak * (1 - fall) + final * fall)
    return rates


@pytest.mark.parametrize("shape", SHAPES[1:])
@pytest.mark.parametrize("steps", [1, 2, 5, 17])
@pytest.mark.parametrize("warmup", [None, 0.0, 0.3])
def test_every_rate_computed_by_hand(shape: str, steps: int, warmup: float | None) -> None:
    share = warmup if warmup is not None else 0.3 * (shape == "one_cycle")
    expected = by_hand(shape, 0.01, 0.002, steps, min(round(share * steps), max(0, steps - 2)))
    found = table(steps, peak=0.01, shape=shape, final=0.002, warmup=warmup)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_runs_of_the_first_version_reach_the_final_rate_a_step_late() -> None:
    linear = rate_table(RatePolicy(peak=1, shape="linear", final=0.1), 20, FIRST)
    assert linear[-1] == pytest.approx(1 - 0.9 * 19 / 20)
    flat = rate_table(RatePolicy(peak=1, shape="flat_cosine", final=0.1), 20, FIRST)
    assert flat[-1] == pytest.approx(0.1 + 0.9 * 0.0766, abs=1e-4)
    for shape in SHAPES[:-2]:
        policy = RatePolicy(peak=1, shape=shape, warmup=0.2)
        if shape != "exponential":
            assert (rate_table(policy, 20) == rate_table(policy, 20, FIRST)).all()


def test_shapes_in_the_middle() -> None:
    assert table(100)[50] == np.float32(PEAK)
    assert table(100, shape="linear")[50] == pytest.approx(PEAK / 2)
    assert table(100, shape="cosine")[50] == pytest.approx(PEAK / 2)
    assert table(100, shape="cosine")[25] == pytest.approx(PEAK * (1 + np.sqrt(0.5)) / 2)
    assert table(101, shape="exponential")[50] == pytest.approx(PEAK / 10)
    assert table(100, shape="flat_cosine")[71] == np.float32(PEAK)
    assert table(100, shape="flat_cosine")[86] == pytest.approx(PEAK / 2)
    assert int(np.argmax(table(100, shape="one_cycle"))) == 30


def test_one_cycle_takes_a_warm_up_of_its_own() -> None:
    assert int(np.argmax(table(100, shape="one_cycle", warmup=0.1))) == 10
    assert warmup_steps(RatePolicy(peak=PEAK, shape="one_cycle", warmup=None), 100) == 30
    without = table(20, shape="one_cycle", warmup=0.0, final=1e-5)
    assert (without[0], without[-1]) == (np.float32(PEAK), np.float32(1e-5))
    assert (np.diff(without) < 0).all()


def test_a_warm_up_from_a_rate_is_that_of_fastai() -> None:
    steps, pct, peak, div, div_final = 40, 0.3, 0.01, 5.0, 1e5

    def anneal(start: float, end: float, share: float) -> float:
        """fastai's SchedCos."""
        return start + (1 + math.cos(math.pi * (1 - share))) * (end - start) / 2

    by_hand = [
        anneal(peak / div, peak, step / steps / pct)
        if step / steps < pct
        else anneal(peak, peak / div_final, (step / steps - pct) / (1 - pct))
        for step in range(steps)
    ]
    rates = table(steps, peak=peak, shape="one_cycle", warmup=pct, start=peak / div, final=peak / div_final)
    np.testing.assert_allclose(rates[:13], by_hand[:13], rtol=1e-5)
    # fastai's last step is one short of the end, this one is at it.
    assert np.abs(rates - by_hand).max() < 0.05 * peak
    assert rates[-1] == pytest.approx(peak / div_final)


@pytest.mark.parametrize("shape", ["cosine", "linear"])
def test_other_shapes_rise_from_their_start_by_equal_amounts(shape: str) -> None:
    rates = table(40, shape=shape, warmup=0.25, start=PEAK / 5)
    np.testing.assert_allclose(rates[:11], np.linspace(PEAK / 5, PEAK, 11), rtol=1e-5)


def test_momentum_falls_and_rises_against_the_rate_as_in_fastai() -> None:
    policy = RatePolicy(peak=PEAK, shape="one_cycle", warmup=0.25, start=PEAK / 25, final=PEAK / 1e5,
                        momentum=(0.95, 0.85, 0.95))  # fmt: skip
    found = momentum_table(policy, 41)
    assert found is not None and found.dtype == np.float32 and found.shape == (41,)
    # fastai's SchedCos from 0.95 to 0.85 over the warm-up, and back over the rest.
    expected = [0.95 + (1 + math.cos(math.pi * (1 - step / 10))) * (0.85 - 0.95) / 2 for step in range(10)]
    expected += [0.85 + (1 + math.cos(math.pi * (1 - step / 30))) * (0.95 - 0.85) / 2 for step in range(31)]
    assert found == pytest.approx(expected, abs=1e-6)
    assert np.argmin(found) == np.argmax(rate_table(policy, 41)) == 10


@pytest.mark.parametrize(("steps", "expected"), [(1, [0.85]), (2, [0.85, 0.8])])
def test_the_momentum_of_very_few_steps(steps: int, expected: list[float]) -> None:
    policy = RatePolicy(peak=PEAK, shape="one_cycle", final=0.0, momentum=(0.95, 0.85, 0.8))
    assert momentum_table(policy, steps) == pytest.approx(expected)
    assert momentum_table(RatePolicy(peak=PEAK, shape="one_cycle"), steps) is None
