"""A phase under way begins at its first step, with nothing kept."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

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


RAW, MEAN = {"kernel": np.ones(1)}, {"kernel": np.zeros(1)}


def _averaging(average: Any) -> PhaseWork:
    held = dict(RAW)
    session = SimpleNamespace(values=lambda paths: dict(held), assign=held.update)
    phase, prepared = SimpleNamespace(changing=("kernel",)), SimpleNamespace(average=average)
    parts: list[Any] = [SimpleNamespace(session=session), phase, (), None, prepared, None, np.ones(1)]
    return PhaseWork(*parts)


def test_averages_are_measured_and_raw_values_are_kept_meanwhile() -> None:
    work = _averaging(SimpleNamespace(values=lambda: MEAN))
    assert work.measured_values() == MEAN
    with pytest.raises(KeyError), work.use_averages():
        assert work.session.values(()) == MEAN
        assert work.raw_values() == RAW
        raise KeyError
    assert work.raw_values() == work.session.values(()) == RAW


def test_without_an_average_nothing_is_exchanged() -> None:
    work = _averaging(None)
    with work.use_averages():
        assert work.session.values(()) == RAW
    assert work.measured_values() == RAW
