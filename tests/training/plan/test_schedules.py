from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.rates import RatePolicy
from kerastune_ft.training.plan.schedules import rate_table, warmup_steps

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
@pytest.mark.parametrize("final", [1e-5, 1e-3])
def test_it_falls_to_the_final_rate(shape: str, final: float) -> None:
    # The step after the last would have the final rate itself.
    many = table(10_000, shape=shape, final=final)
    assert many[-1] == pytest.approx(final, rel=2e-2)
    assert many[-1] >= np.float32(final) * (1 - 1e-6)


def test_without_a_final_rate_shapes_fall_to_their_own() -> None:
    assert table(1000, shape="exponential")[-1] == pytest.approx(PEAK / 100, rel=1e-2)
    for shape in ("cosine", "linear", "one_cycle", "flat_cosine"):
        assert table(1000, shape=shape)[-1] < PEAK / 500


def test_shapes_in_the_middle() -> None:
    assert table(100)[50] == np.float32(PEAK)
    assert table(100, shape="linear")[50] == pytest.approx(PEAK / 2)
    assert table(100, shape="cosine")[50] == pytest.approx(PEAK / 2)
    assert table(100, shape="cosine")[25] == pytest.approx(PEAK * (1 + np.sqrt(0.5)) / 2)
    assert table(100, shape="exponential")[50] == pytest.approx(PEAK / 10)
    assert table(100, shape="flat_cosine")[71] == np.float32(PEAK)
    assert table(100, shape="flat_cosine")[86] == pytest.approx(PEAK / 2)
    assert int(np.argmax(table(100, shape="one_cycle"))) == 30


def test_one_cycle_takes_a_warm_up_of_its_own() -> None:
    assert int(np.argmax(table(100, shape="one_cycle", warmup=0.1))) == 10
