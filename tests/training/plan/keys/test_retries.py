"""The rates of a phase that begins again; whole runs are in tests/runs/test_kept_weights.py."""

from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.training.plan.keys.retries import lower_rates
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.schedules import rate_table
from tests.support.config_cases import with_change

RATE = {"peak": 0.5, "warmup": 0.4, "final": 0.125, "head": 1.0, "unit_decay": 0.5}


@pytest.mark.parametrize("shape", ["cosine", "linear", "exponential", "one_cycle", "flat_cosine"])
@pytest.mark.parametrize(("start", "final"), [(None, 0.125), (0.25, None)])
def test_rates_are_lowered_as_a_whole(shape: str, start: float | None, final: float | None) -> None:
    document = with_change("phases.1.on_divergence", {"retry": 2, "factor": 0.25})
    document["phases"][1]["learning_rate"] = {**RATE, "shape": shape, "start": start, "final": final}
    phase = read(document).phases[1]
    plan = PhasePlan(**dict.fromkeys(PhasePlan.__dataclass_fields__) | {"phase": phase})
    lowered = lower_rates(plan, 2).phase.learning_rate
    np.testing.assert_allclose(rate_table(lowered, 10), rate_table(phase.learning_rate, 10) / 16, rtol=1e-6)
    assert (lowered.head, lowered.unit_decay) == (0.0625, 0.5)
    assert lower_rates(plan, 0) is plan
