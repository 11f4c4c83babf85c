"""The saved model of hidden words is compared on the words that were measured; `tests/runs/test_adapted.py` runs it."""

from __future__ import annotations

from kerastune_ft.saved_model.build import _MODALITIES
from kerastune_ft.saved_model.masked import MaskedServing
from kerastune_ft.saved_model.texts import TextServing


def test_it_serves_runs_that_find_hidden_words() -> None:
    assert _MODALITIES["masked"][0] is MaskedServing
    assert issubclass(MaskedServing, TextServing)
