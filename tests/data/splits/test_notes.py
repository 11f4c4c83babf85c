from __future__ import annotations

import pytest

from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.number import number_labels
from kerastune_ft.data.labels.raw import SingleLabels
from kerastune_ft.data.splits.notes import note_split_labels


@pytest.mark.parametrize(
    ("words", "listed", "notes"), [("train test", False, 1), ("train test", True, 0), ("train car", False, 0)]
)
def test_labels_that_are_splits_are_noted_unless_listed(words: str, listed: bool, notes: int) -> None:
    labels = number_labels(SingleLabels(words.split() * 4), list("abcdefgh"), ImageClassification(), "t.csv")
    found = note_split_labels(labels, is_listed=listed)
    assert len(found) == notes
    assert all("data.splits" in note for note in found)
