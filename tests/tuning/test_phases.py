from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.tuning.phases import choose_phase
from tests.support.config_cases import MINIMAL


@pytest.mark.parametrize(
    ("phases", "name", "number"),
    [("head_then_top", None, 0), ("head_then_top", "top", 1), ("linear_probe_then_finetune", None, 1)],
)
def test_the_first_phase_with_a_rate_is_swept_unless_one_is_named(phases: Any, name: str | None, number: int) -> None:
    assert choose_phase(read({**MINIMAL, "phases": phases}), name) == number


@pytest.mark.parametrize(
    ("phases", "name", "message"),
    [
        ("head_then_top", "topp", 'did you mean "top"'),
        ("linear_probe_then_finetune", "probe", "set by a solver, which has no learning rate"),
        ("auto", None, "is resolved by a run"),
        ({"preset": "head", "optimizer": "lbfgs", "epochs": 9}, None, "no phase has a learning rate"),
    ],
)
def test_what_has_no_rate_is_refused(phases: Any, name: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        choose_phase(read({**MINIMAL, "phases": phases}), name)
