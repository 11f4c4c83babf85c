"""Heads of a person's own for masks and windows of texts, and a program that trains with them in a process of its own.

python -m tests.support.own_heads SAMPLE CONFIG RUN OVERRIDES
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import keras

import kerastune_ft as kt

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def decode(features: Any, outputs: int) -> Any:
    """Return logits of half the size of the finest of two maps."""
    fine = features["stride4"]
    coarse = keras.layers.Resizing(*fine.shape[1:3])(features["stride16"])
    x = keras.layers.Concatenate()([fine, coarse])
    x = keras.layers.Dropout(0.2)(keras.layers.Conv2D(8, 3, padding="same", activation="relu")(x))
    return keras.layers.Conv2D(outputs, 1)(x)


def pool_windows(features: Any, outputs: int) -> Any:
    """Return logits of one window."""
    x = keras.layers.GlobalAveragePooling1D()(features)
    return keras.layers.Dense(outputs)(keras.layers.Dropout(0.2)(keras.layers.Dense(8, activation="relu")(x)))


def read_whole(features: Any, outputs: int, windows: Any) -> Any:
    """Return logits of a text of several windows: the largest of each feature anywhere."""
    present = keras.ops.expand_dims(keras.ops.cast(windows, "float32"), -1)
    x = keras.ops.max(features * present, axis=(1, 2))
    return keras.layers.Dense(outputs)(keras.layers.Dropout(0.2)(x))


HEADS: Mapping[str, Callable[..., Any]] = {"masks": decode, "windows": pool_windows, "whole": read_whole}


def main() -> None:
    """Train as the command line says."""
    sample, config, run, overrides = sys.argv[1:]
    kt.run(config, run_dir=run, overrides=json.loads(overrides), head=HEADS[sample], loss=LOSS)


if __name__ == "__main__":
    main()
