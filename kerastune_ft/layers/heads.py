"""Heads: the new layers on a backbone, all of stock Keras layers so that a saved model opens anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from kerastune_ft.config.options.heads import Head
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rows.windows import FoldWindows
from kerastune_ft.layers.addressed_seeds import layer_seed

FIRST_LAYERS = ("head_hidden_1_dropout", "head_dropout")
"""The names of the layer that takes the pooled features: the first with hidden layers, the second without."""
# Below any feature, and within the range of float32 whatever is added.
_FAR_BELOW = 1e9


def dense_head(
    features: Any,
    options: Head,
    outputs: int,
    seed: int,
    *,
    mask: Any = None,
    windows: Any = None,
    start_at_zero: bool = False,
) -> Any:
    """Return raw outputs (logits or values) [batch, outputs] on features [batch, (height, width,|length,) channels].

    Pooling over the positions, if there are any (of a sequence with a `mask` [batch, length] over those where it is 1,
    which lie side by side from the first one on), and over windows, where an example has several rows of features
    (`windows` is then their mask by example, [examples, windows, length]); then dropout and a relu layer per entry of
    `hidden`, then dropout and the output layer, in float32. Initial kernels are addressed by (seed, layer), so they
    depend on nothing else that was built; with `start_at_zero` the outputs are 0 until something is learnt. Of several
    inputs `features` and `mask` are by the name of the input: each is pooled by itself, and what has one place already,
    as columns of numbers, is taken as it is; then they are one vector. Raises ConfigError for pooling of features
    without positions.
    """
    x = _join(features, options, mask or {}) if isinstance(features, Mapping) else _pool(features, options, mask)
    if windows is not None:
        x = pool_windows(x, windows)
    for number, width in enumerate(options.hidden, start=1):
        name = f"head_hidden_{number}"
        x = keras.layers.Dropout(options.dropout, name=f"{name}_dropout", dtype="float32")(x)
        x = keras.layers.Dense(
            width,
            "relu",
            name=name,
            dtype="float32",
            kernel_initializer=keras.initializers.HeUniform(layer_seed(seed, name)),
        )(x)
    x = keras.layers.Dropout(options.dropout, name="head_dropout", dtype="float32")(x)
    return keras.layers.Dense(
        outputs,
        name="head_output",
        dtype="float32",
        kernel_initializer=keras.initializers.Zeros()
        if start_at_zero
        else keras.initializers.GlorotUniform(layer_seed(seed, "head_output")),
    )(x)


def _join(features: Mapping[str, Any], options: Head, masks: Mapping[str, Any]) -> Any:
    """Return the pooled features of several inputs, one behind the other, in float32."""
    pooled = [name for name, tensor in features.items() if len(tensor.shape) > 2]
    if options.pooling != Head().pooling and not pooled:
        raise ConfigError("head.pooling: it has no effect on features without positions; remove it")
    # With one backbone the layer has the name that it has without other inputs, whose stores it then shares.
    endings = {name: "" if len(pooled) == 1 else f"_{name}" for name in pooled}
    parts = [
        _pool(tensor, options, masks.get(name), f"head_pooling{endings[name]}") if name in endings else tensor
        for name, tensor in features.items()
    ]
    return keras.layers.Concatenate(name="head_join", dtype="float32")(parts)


def _pool(features: Any, options: Head, mask: Any, name: str = "head_pooling") -> Any:
    rank = len(features.shape)
    if rank == 2:
        if options.pooling != Head().pooling:
            raise ConfigError(
                "head.pooling: it has no effect on features without positions, which is what this backbone gives; "
                "remove it"
            )
        return features
    if options.pooling in ("cls", "last"):
        if rank == 4 or (options.pooling == "last" and mask is None):
            raise ConfigError(
                f'head.pooling: "{options.pooling}" takes one position of a sequence, and this backbone gives no '
                'sequence; write "mean" or "max"'
            )
        return _first(features) if options.pooling == "cls" else _last(features, mask)
    if rank == 3 and mask is not None:
        if options.pooling == "mean":
            return keras.layers.GlobalAveragePooling1D(name=name, dtype="float32")(features, mask=mask)
        features = _without_padding(features, mask)
    pooling = {
        ("mean", 3): keras.layers.GlobalAveragePooling1D,
        ("max", 3): keras.layers.GlobalMaxPooling1D,
        ("mean", 4): keras.layers.GlobalAveragePooling2D,
        ("max", 4): keras.layers.GlobalMaxPooling2D,
    }[options.pooling, rank]
    return pooling(name=name, dtype="float32")(features)


def pool_windows(pooled: Any, windows: Any) -> Any:
    """Return the mean over the windows of each example that have tokens; what fills up has none."""
    by_example = FoldWindows(name="head_windows", dtype="float32")(pooled, windows)
    present = keras.ops.max(windows, axis=-1)
    return keras.layers.GlobalAveragePooling1D(name="head_window_pooling", dtype="float32")(by_example, mask=present)


def _first(features: Any) -> Any:
    return keras.ops.cast(keras.ops.take(features, 0, axis=1), "float32")


def _last(features: Any, mask: Any) -> Any:
    """Return the features at the last position of each example: a sum in which all others count nothing."""
    present = keras.ops.cast(mask, "float32")
    reached = keras.ops.cumsum(present, axis=1)
    total = keras.ops.sum(present, axis=1, keepdims=True)
    is_last = keras.ops.cast(keras.ops.equal(reached, total), "float32") * present
    weighted = keras.ops.cast(features, "float32") * keras.ops.expand_dims(is_last, -1)
    return keras.ops.sum(weighted, axis=1)


def _without_padding(features: Any, mask: Any) -> Any:
    """Return features that are lower at padding than anywhere else."""
    absent = 1.0 - keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)
    return keras.ops.cast(features, "float32") - absent * _FAR_BELOW
