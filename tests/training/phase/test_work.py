"""A phase under way begins at its first step, with nothing kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.training.phase.state import PhaseState
from kerastune_ft.training.phase.work import PhaseWork


def test_work_begins_with_nothing_done_and_nothing_shared() -> None:
    context: Any = SimpleNamespace(session="session")
    phase: Any = SimpleNamespace(phase="options")
    unused: Any = None
    first, second = (PhaseWork(context, phase, (), unused, unused, unused, np.zeros(2)) for _ in range(2))
    assert (first.session, first.options) == ("session", "options")
    assert first.state == PhaseState()
    assert first.state is not second.state
    assert first.best == {}
