"""What a model before a refit leaves, and what is shown of both."""

from __future__ import annotations

from typing import Any

import numpy as np

from kerastune_ft.training.evaluation.measured import Measured
from kerastune_ft.training.evaluation.unknown import FoundUnknown
from kerastune_ft.training.phase.evaluate import Evaluated


def measured(value: float) -> Measured:
    nothing: Any = None
    splits = {split: Evaluated(np.arange(2), {"loss": np.full(2, value)}) for split in ("validation", "test")}
    unknown = FoundUnknown(nothing, {split: np.full(2, value) for split in splits}, 2)
    return Measured(nothing, splits, unknown)


def test_validation_is_that_of_the_model_that_was_not_trained_on_it() -> None:
    shown = measured(2.0).with_validation_of(measured(1.0))
    assert {split: each.measured["loss"][0] for split, each in shown.evaluated.items()} == {
        "validation": 1.0,
        "test": 2.0,
    }
    assert shown.unknown is not None
    assert {split: found[0] for split, found in shown.unknown.distances.items()} == {"validation": 1.0, "test": 2.0}
