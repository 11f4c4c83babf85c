from __future__ import annotations

import pytest

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.training.plan.document import note_filling


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
