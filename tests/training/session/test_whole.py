"""Sessions around a whole model."""

from __future__ import annotations

from kerastune_ft.training.session.whole import is_whole


def test_an_ensemble_is_opened_as_a_whole_and_other_runs_by_their_units() -> None:
    # What is opened is measured in tests/folds/test_ensemble.py.
    assert is_whole({"ensemble": {"members": []}})
    assert not is_whole({"phases": []})
