"""Heads: the new layers on a backbone, all of stock Keras layers so that a saved model opens anywhere."""

from __future__ import annotations

import hashlib
from typing import Any

import keras

from kerastune_ft.config.heads import Head


def dense_head(features: Any, options: Head, outputs: int, seed: int) -> Any:
    """Return raw outputs (logits or values) [batch, outputs] on a feature map [batch, height, width, channels].

    Pooling, then dropout and a relu layer per entry of `hidden`, then dropout and the output layer, in float32. Initial
    kernels are addressed by (seed, layer), so they depend on nothing else that was built.
    """
    pooling = {"mean": keras.layers.GlobalAveragePooling2D, "max": keras.layers.GlobalMaxPooling2D}[options.pooling]
    x = pooling(name="head_pooling", dtype="float32")(features)
    for number, width in enumerate(options.hidden, start=1):
        name = f"head_hidden_{number}"
        x = keras.layers.Dropout(options.dropout, name=f"{name}_dropout", dtype="float32")(x)
        x = keras.layers.Dense(
            width,
            "relu",
            name=name,
            dtype="float32",
            kernel_initializer=keras.initializers.HeUniform(_seed(seed, name)),
        )(x)
    x = keras.layers.Dropout(options.dropout, name="head_dropout", dtype="float32")(x)
    return keras.layers.Dense(
        outputs,
        name="head_output",
        dtype="float32",
        kernel_initializer=keras.initializers.GlorotUniform(_seed(seed, "head_output")),
    )(x)


def _seed(seed: int, site: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{site}".encode()).digest()[:4], "little")
