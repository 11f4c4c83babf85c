from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.config.options.updates.rates import RatePolicy
from kerastune_ft.reporting.page import rates
from kerastune_ft.training.plan.schedules import rate_table, warmup_steps

UNITS = ["stem", "block1", "block2", "head"]


def planned(shape: str, warmup: float | None, steps: int, **ends: float) -> tuple[RatePolicy, dict]:
    policy = RatePolicy.model_validate({"peak": 0.01, "shape": shape, "warmup": warmup, **ends})
    rate = {"peak": 0.01, "shape": shape, "warmup_steps": warmup_steps(policy, steps), "final": None, **ends}
    own = {"stem": 0.0, "block1": 0.0025, "block2": 0.0025, "head": 0.01}
    return policy, {"learning_rate": rate, "steps": steps, "rates": own}


@pytest.mark.parametrize("shape", ["constant", "cosine", "linear", "exponential", "one_cycle", "flat_cosine"])
@pytest.mark.parametrize("warmup", [None, 0.1, 0.37])
@pytest.mark.parametrize("steps", [1, 2, 17, 1000])
@pytest.mark.parametrize("ends", [{}, {"start": 0.004}])
def test_the_rates_of_a_plan_are_those_that_training_uses(
    shape: str, warmup: float | None, steps: int, ends: dict[str, float]
) -> None:
    policy, phase = planned(shape, warmup, steps, **ends)
    head, blocks = rates.compute_rates(phase, UNITS)
    np.testing.assert_array_equal(head.rates, rate_table(policy, steps))
    np.testing.assert_allclose(blocks.rates, rate_table(policy, steps) * 0.25, rtol=1e-6)
    assert (head.units, blocks.units) == ("head", "block1, block2")


def test_a_unit_with_the_rate_0_has_no_curve_and_a_plan_without_rates_none() -> None:
    _, phase = planned("cosine", None, 10)
    assert "stem" not in "".join(curve.units for curve in rates.compute_rates(phase, UNITS))
    assert rates.compute_rates({}, UNITS) == []


def test_one_rate_throughout_needs_no_picture() -> None:
    _, phase = planned("constant", None, 10)
    assert not rates.is_flat(rates.compute_rates(phase, UNITS))
    alone = {**phase, "rates": {"head": 0.01}}
    assert rates.is_flat(rates.compute_rates(alone, UNITS))
    _, falling = planned("cosine", None, 10)
    assert not rates.is_flat(rates.compute_rates({**falling, "rates": {"head": 0.01}}, UNITS))


@pytest.mark.parametrize("narrow", [False, True])
def test_the_picture_is_logarithmic_and_marks_what_was_not_trained(narrow: bool) -> None:
    _, phase = planned("one_cycle", None, 500)
    axis = rates.draw_rates(rates.compute_rates(phase, UNITS), 200, 100, narrow).axes[0]
    assert axis.get_yscale() == "log"
    assert axis.get_ylim()[1] > 0.01 > axis.get_ylim()[0] > 0
    head, blocks, stop, best = axis.lines
    assert [head.get_label(), blocks.get_label()] == ["head  0.01", "block1, block2  0.0025"]
    assert max(blocks.get_ydata()) == pytest.approx(0.0025) and len(head.get_xdata()) <= 240
    assert stop.get_xdata()[0] == 200 and best.get_xdata()[0] == 100
    assert best.get_ydata()[0] == pytest.approx(rate_table(planned("one_cycle", None, 500)[0], 500)[99])


def test_many_units_have_a_short_legend_with_both_ends() -> None:
    units = [f"block{number}" for number in range(30)]
    rate = {"peak": 0.01, "shape": "cosine", "warmup_steps": 0, "final": None}
    own = {unit: 0.01 * 0.9 ** (30 - place) for place, unit in enumerate(units)}
    curves = rates.compute_rates({"learning_rate": rate, "steps": 5, "rates": own}, units)
    labels = [text.get_text() for text in rates.draw_rates(curves, None, None).legends[0].get_texts()]
    assert len(labels) == 6 and labels[0].startswith("block29 ") and labels[-1].startswith("block0 ")
