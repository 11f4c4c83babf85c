from __future__ import annotations

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.training.phase.state import PhaseState
from kerastune_ft.training.plan.keys.early_stopping import notes
from tests.support.config_cases import with_change


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("epochs", [1, 2, 3, 4, 5])
def test_it_is_noted_where_no_course_of_the_monitor_ends_the_phase_early(patience: int, epochs: int) -> None:
    phase = read(with_change("phases.1.early_stopping", {"patience": patience})).phases[1]
    state, ended = PhaseState(), epochs
    # Nothing gets better after the first epoch.
    for epoch in range(1, epochs + 1):
        state.epoch = epoch
        state.judge("validation_loss", False, {"validation_loss": 1.0}, 0.0)
        if state.waited >= patience:
            ended = epoch
            break
    found = notes(phase, epochs)
    assert bool(found) == (ended == epochs)
    assert all(f"no phase before its epoch {patience + 1}" in note for note in found)


def test_a_phase_without_it_has_no_note() -> None:
    assert notes(read(with_change("phases.1.early_stopping", None)).phases[1], 1) == []
