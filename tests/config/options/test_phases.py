from __future__ import annotations

from kerastune_ft.config.options.phases import (
    Optimizer,
    RatePolicy,
)
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, with_change


def test_short_forms() -> None:
    phase = read(MINIMAL).phases[0]
    assert phase.learning_rate == RatePolicy(peak=0.001, shape="constant", warmup=0.0, unit_decay=1.0)
    assert phase.optimizer == Optimizer(name="adamw")
    assert read(with_change("phases.0.optimizer", {"name": "sgd", "momentum": 0.9, "nesterov": True})).phases[
        0
    ].optimizer == Optimizer(name="sgd", options={"momentum": 0.9, "nesterov": True})
    assert read(with_change("phases.0.learning_rate", 1)).phases[0].learning_rate.peak == 1.0
