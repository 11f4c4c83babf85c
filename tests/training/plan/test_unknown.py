from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.training.plan.unknown import notes


def make_session(share: float | None, **sizes: int) -> Any:
    splits = {split: range(size) for split, size in sizes.items()}
    return SimpleNamespace(
        config=SimpleNamespace(task=SimpleNamespace(unknown=share)), source=SimpleNamespace(splits=splits)
    )


def test_the_plan_says_what_is_fitted_and_let_through() -> None:
    (said,) = notes(make_session(0.95, train=60_000, validation=100))
    assert "the features that the head is given of 50,000 training examples are kept" in said
    assert "lets 0.95 of the 100 validation examples through" in said
    assert list(notes(make_session(None, train=5))) == []


def test_too_few_validation_examples_are_said() -> None:
    assert len(list(notes(make_session(0.95, train=50, validation=19)))) == 2
    assert len(list(notes(make_session(0.95, train=50, validation=21)))) == 1


def test_without_validation_there_is_no_threshold() -> None:
    with pytest.raises(ConfigError, match=r"task.unknown: there is no validation split"):
        list(notes(make_session(0.95, train=50, test=5)))
