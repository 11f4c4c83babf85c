from __future__ import annotations

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.training.plan.keys.averages import notes, steps_to_decay
from tests.support.config_cases import with_change


@pytest.mark.parametrize("decay", [0.05, 0.5, 0.9, 0.99, 0.999, 0.9999])
def test_the_decay_has_its_value_from_then_on_and_not_before(decay: float) -> None:
    steps = steps_to_decay(decay)
    assert (1 + steps) / (10 + steps) >= decay - 1e-12
    assert steps == 0 or (1 + steps - 1) / (10 + steps - 1) < decay


def test_a_decay_that_is_never_reached_is_noted() -> None:
    phase = read(with_change("phases.1.ema", 0.999)).phases[1]
    assert notes(phase, 9000) == []
    (note,) = notes(phase, 90)
    assert "grows to 0.91 in its 90 updates" in note and "would take 8990" in note
    assert notes(read(with_change("phases.1.ema", None)).phases[1], 1) == []
