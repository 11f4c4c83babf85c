from __future__ import annotations

import pytest

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.read import read
from kerastune_ft.training.plan.document import note_filling, note_norms
from tests.support.config_cases import MINIMAL


@pytest.mark.parametrize(
    ("asked", "planned", "is_noted"),
    # Of 17 examples there is no larger batch, whatever is asked for.
    [(17, 17, True), (32, 17, False), (24, 24, False), (21, 21, False)],
)
def test_another_batch_size_is_advised_where_it_changes_something(asked: int, planned: int, is_noted: bool) -> None:
    phase = Phase(name="head", unfreeze="none", epochs=1, learning_rate=0.1, batch_size=asked)
    notes = note_filling(phase, planned, planned, 24)
    assert len(notes) == is_noted
    assert all(f"a batch of {planned} on a replica is filled up to 24" in note for note in notes)


def test_norms_of_gradients_are_of_phases_that_make_updates() -> None:
    probe = {"name": "probe", "unfreeze": "none", "epochs": 50, "optimizer": {"name": "lbfgs", "l2": 0.1}}
    solved, top = read({**MINIMAL, "phases": [probe, MINIMAL["phases"][1]]}).phases
    assert note_norms([solved, top]).endswith("in phases/*/gradient_norms.csv, of all phases but probe")
    assert note_norms([top]).endswith("in phases/*/gradient_norms.csv")
    assert note_norms([solved]).startswith("output.gradient_norms records nothing")
