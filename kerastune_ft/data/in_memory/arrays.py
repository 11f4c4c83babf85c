"""Arrays of examples of one size, and of their labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_ft.config.options.spectrograms import RATE_ARRAY
from kerastune_ft.data.in_memory.labels import read_labels
from kerastune_ft.data.in_memory.parts import Arrays
from kerastune_ft.data.in_memory.values import as_values
from kerastune_ft.errors import ConfigError, DataError

_CHANNELS = (1, 2, 3, 4)
# Longer rows are sounds or flattened pictures.
_SHORT = 1000


def collect_arrays(given: Mapping[str, Any], several: bool) -> Arrays:
    """Return arrays by name, of which `x` holds the examples and `y` their labels; the others go with them.

    Raises ConfigError where there is no `x` or `y`, and DataError for arrays that hold no examples.
    """
    absent = [name for name in ("x", "y") if name not in given]
    if absent:
        raise ConfigError(
            f"data: arrays need {' and '.join(absent)}, and have {', '.join(map(str, given))}; give "
            '{"x": examples, "y": labels}, and for sounds "sample_rate": 16000'
        )
    values = np.asarray(as_values(given["x"]))
    others = {name: _read_other(name, value) for name, value in given.items() if name not in ("x", "y")}
    return stack_arrays(values, given["y"], several, others)


def _read_other(name: str, value: Any) -> np.ndarray:
    values = np.asarray(as_values(value))
    # Words of a column of pandas are objects, which no file holds.
    values = np.array(values.tolist()) if values.dtype == object else values
    if values.dtype == object:
        raise DataError(f"data: the array {name!r} holds objects; give numbers or words")
    return values


def stack_arrays(
    values: np.ndarray, label: Any, several: bool, others: Mapping[str, np.ndarray] | None = None, name: str = "arrays"
) -> Arrays:
    """Return examples [N, ...] of numbers, their labels, and other arrays that go with them."""
    others = dict(others or {})
    _check_examples(values, has_rate=RATE_ARRAY in others)
    labels = read_labels(label, len(values), "example", several)
    found = labels if isinstance(labels, np.ndarray) else _as_array(labels)
    # Half precision is read by no other part, and float32 holds its every value.
    values = values.astype(np.float32) if values.dtype == np.float16 else values
    return Arrays(name, {"x": values, "y": found, **others})


def _as_array(labels: list[Any]) -> np.ndarray:
    if isinstance(labels[0], list):
        raise DataError("label: lists of labels do not go with arrays; give a column of 0 and 1 for each label")
    return np.array(labels)


def _check_examples(values: np.ndarray, has_rate: bool) -> None:
    shape = list(values.shape)
    if not values.size:
        raise DataError(f"data: an array of shape {shape} has no examples")
    if values.dtype.kind not in "buif":
        raise DataError(f"data: an array of {values.dtype} holds no pictures or sounds; give numbers")
    if has_rate:
        return
    if values.ndim == 2 and values.shape[1] > _SHORT:
        raise DataError(
            f"data: an array of shape {shape}: sounds need their rate, as  "
            'kt.fine_tune({"x": sounds, "y": labels, "sample_rate": 16000}); pictures are [N, height, width, channels]'
        )
    if values.ndim not in (3, 4):
        raise DataError(
            f"data: an array of shape {shape} holds no pictures, which are [N, height, width] or "
            "[N, height, width, channels]; flat ones become so by  x.reshape(-1, height, width)"
        )
    if values.ndim == 4 and values.shape[3] not in _CHANNELS:
        turned = "; the channels come last: x.transpose(0, 2, 3, 1)" if values.shape[1] in _CHANNELS else ""
        raise DataError(f"data: an array of shape {shape} holds no pictures, [N, height, width, channels]{turned}")
