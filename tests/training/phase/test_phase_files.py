"""Which phases leave the state of their last step behind."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.training.phase.phase_files import needs_end


@pytest.mark.parametrize(
    ("following", "needed"),
    [
        ([], True),
        ([{"carry_optimizer": True, "start_from": "best"}], True),
        ([{"carry_optimizer": False, "start_from": "last"}], True),
        ([{"carry_optimizer": False, "start_from": "best"}, {"carry_optimizer": True, "start_from": "last"}], False),
    ],
)
def test_the_last_step_is_kept_for_a_phase_that_begins_with_it(following: list[dict[str, Any]], needed: bool) -> None:
    phases = [SimpleNamespace(phase=SimpleNamespace(**options)) for options in ({"carry_optimizer": False}, *following)]
    plan = SimpleNamespace(phases=phases)
    work: Any = SimpleNamespace(context=SimpleNamespace(plan=plan), phase=SimpleNamespace(index=0))
    assert needs_end(work) is needed
