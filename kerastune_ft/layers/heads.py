"""Heads: the new layers on a backbone, all of stock Keras layers so that a saved model opens anywhere."""

from __future__ import annotations

import hashlib
from typing import Any

import keras

from kerastune_ft.config.heads import Head
from kerastune_ft.errors import ConfigError


def dense_head(features: Any, options: Head, outputs: int, seed: int, *, start_at_zero: bool = False) -> Any:
    """Return raw outputs (logits or values) [batch, outputs] on features [batch, (height, width,|length,) channels].

    Pooling over the positions, if there are any, then dropout and a relu layer per entry of `hidden`, then dropout and
    the output layer, in float32. Initial kernels are addressed by (seed, layer), so they depend on nothing else that
    was built; with `start_at_zero` the outputs are 0 until something is learnt. Raises ConfigError for pooling of
    features without positions.
    """
    x = _pooled(features, options)
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
        kernel_initializer=keras.initializers.Zeros()
        if start_at_zero
        else keras.initializers.GlorotUniform(_seed(seed, "head_output")),
    )(x)


def _pooled(features: Any, options: Head) -> Any:
    rank = len(features.shape)
    if rank == 2:
        if options.pooling != Head().pooling:
            raise ConfigError(
                "head.pooling: it has no effect on features without positions, which is what this backbone gives; "
                "remove it"
            )
        return features
    pooling = {
        ("mean", 3): keras.layers.GlobalAveragePooling1D,
        ("max", 3): keras.layers.GlobalMaxPooling1D,
        ("mean", 4): keras.layers.GlobalAveragePooling2D,
        ("max", 4): keras.layers.GlobalMaxPooling2D,
    }[options.pooling, rank]
    return pooling(name="head_pooling", dtype="float32")(features)


def _seed(seed: int, site: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{site}".encode()).digest()[:4], "little")
