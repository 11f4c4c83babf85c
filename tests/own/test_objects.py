"""The objects of a call: what each may be, and how metrics get their names."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.own.objects import gather_objects


def spread(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(np.ptp(outputs))


def test_metrics_have_the_names_of_their_functions_or_those_given() -> None:
    own = gather_objects(None, None, [spread, keras.metrics.MeanSquaredError(name="squares")])
    assert own is not None
    assert {name: (each.is_function, each.direction) for name, each in own.metrics.items()} == {
        "spread": (True, "max"),
        "squares": (False, "max"),
    }
    named = gather_objects(None, None, {"range": (spread, "min")})
    assert named is not None
    recorded = named.identify().metrics["range"]
    assert (recorded.name, recorded.direction) == ("spread", "min")
    assert gather_objects(None, None, None) is None


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        functools.partial(keras.losses.binary_crossentropy, from_logits=True),
        keras.losses.Huber(),
        keras.losses.mean_absolute_error,
    ],
)
def test_losses_of_what_a_head_gives_are_taken(loss: Any) -> None:
    own = gather_objects(None, loss, None)
    assert own is not None and own.loss is loss


@pytest.mark.parametrize(
    ("head", "loss", "metrics", "said"),
    [
        (3, None, None, "head: int is no layer"),
        (None, "focal", None, "loss: str is no loss of Keras"),
        (None, keras.losses.SparseCategoricalCrossentropy(), None, "takes probabilities, .* give it from_logits=True"),
        (None, keras.losses.binary_crossentropy, None, "loss: binary_crossentropy takes probabilities"),
        (None, None, {"Range": spread}, "metrics: 'Range' is no name"),
        (None, None, {"range": (spread, "low")}, 'write "min" or "max"'),
        (None, None, {"range": 1}, "int is no function"),
        (None, None, [lambda targets, outputs: 0.0], "names no metric"),
        (None, None, [spread, spread], "'spread' names no metric, or two"),
    ],
)
def test_what_is_no_such_object_is_refused(head: Any, loss: Any, metrics: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        gather_objects(head, loss, metrics)
