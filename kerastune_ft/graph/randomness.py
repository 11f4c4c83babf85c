"""Addressed randomness: every draw is a pure function of an address, and no state is consumed.

An address is (seed, phase, epoch, example index, site). One *key* per example carries the first four; a *site* is a
name (the path of a layer, the name of an augmentation) folded in at the draw. A draw therefore depends on neither the
batch an example is in, nor the replica, nor the steps before it, and a resumed run repeats it without saved state.

The generator is a counter hash: MurmurHash3's 32-bit finaliser (Appleby, 2011, public domain), applied twice with a key
word injected before each round.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import math
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence

import keras
import tensorflow as tf

from kerastune_ft.graph import keras_private

_GOLDEN = 0x9E3779B9
# From this many draws in a batch on they are compiled, which takes a tenth of a second for each shape.
_MANY = 1 << 17
# Names of the rate in the stochastic-depth layers of keras-hub, of which each family has its own class.
_PATH_RATES = ("drop_prob", "rate")


def _mix(x: tf.Tensor) -> tf.Tensor:
    """Return MurmurHash3's finaliser of uint32 words: every input bit reaches every output bit."""
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(16, tf.uint32)))
    x = x * tf.constant(0x85EBCA6B, tf.uint32)
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(13, tf.uint32)))
    x = x * tf.constant(0xC2B2AE35, tf.uint32)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(16, tf.uint32)))


def _words(text: str) -> tuple[int, int]:
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


def example_keys(address: str, epoch: tf.Tensor | int, examples: tf.Tensor) -> tf.Tensor:
    """Return one key per example, uint32 of shape [batch, 2].

    `address` names what stays the same over a compiled step (seed and phase), `epoch` is an integer scalar, `examples`
    holds the integer indices of the examples, shape [batch].
    """
    first, second = _words(address)
    epoch = tf.cast(epoch, tf.uint32)
    low = tf.cast(tf.bitwise.bitwise_and(tf.cast(examples, tf.int64), tf.constant(0xFFFFFFFF, tf.int64)), tf.uint32)
    high = tf.cast(tf.bitwise.right_shift(tf.cast(examples, tf.int64), tf.constant(32, tf.int64)), tf.uint32)
    a = _mix(low + tf.constant(first, tf.uint32))
    a = _mix(tf.bitwise.bitwise_xor(a, _mix(epoch + tf.constant(_GOLDEN, tf.uint32))) + high)
    b = _mix(tf.bitwise.bitwise_xor(a, tf.constant(second, tf.uint32)) + low)
    return tf.stack([a, b], axis=-1)


def window_keys(keys: tf.Tensor, windows: int) -> tf.Tensor:
    """Return one key per window of each example, uint32 [batch x windows, 2]; the first window has its example's.

    A window's key depends on its example and its place alone, not on the number of windows.
    """
    numbers = tf.range(windows, dtype=tf.int64)[tf.newaxis, :, tf.newaxis]
    offsets = _mix(tf.cast(numbers, tf.uint32) * tf.constant(_GOLDEN, tf.uint32))
    own = keys[:, tf.newaxis, :]
    drawn = _mix(_mix(tf.bitwise.bitwise_xor(own, offsets)) + offsets)
    return tf.reshape(tf.where(numbers == 0, own, drawn), [-1, 2])


def fold_numbers(keys: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Return one key per example for a number of its own, as a place in its text; uint32 [batch, 2].

    `numbers` are integers [batch].
    """
    offsets = _mix(tf.cast(numbers, tf.uint32) * tf.constant(_GOLDEN, tf.uint32) + tf.constant(1, tf.uint32))
    return _mix(_mix(tf.bitwise.bitwise_xor(keys, offsets[:, tf.newaxis])) + offsets[:, tf.newaxis])


def uniform(keys: tf.Tensor, site: str, shape: Sequence[int | tf.Tensor] = ()) -> tf.Tensor:
    """Return draws from [0, 1), float32 of shape [batch, *shape]: one independent row per key and site.

    `keys` comes from `example_keys`. `shape` is the shape of one example's draw; its entries may be scalar tensors.
    """
    count = tf.reduce_prod(tf.stack([tf.cast(size, tf.int32) for size in shape])) if shape else tf.constant(1, tf.int32)
    draws = _draws(tf.bitwise.bitwise_xor(keys, tf.constant(_words(site), tf.uint32)), count)
    return tf.reshape(draws, [tf.shape(keys)[0], *shape])


def _draws(words: tf.Tensor, count: int | tf.Tensor) -> tf.Tensor:
    """Return so many draws from [0, 1) for each row of words, uint32 [batch, 2]."""
    position = tf.cast(tf.range(count), tf.uint32) * tf.constant(_GOLDEN, tf.uint32)
    bits = _mix(_mix(position[tf.newaxis, :] + _mix(words[:, :1])) + _mix(words[:, 1:]))
    # 24 bits are what a float32 in [0, 1) holds exactly.
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * (1.0 / (1 << 24))


def keep_mask(
    keys: tf.Tensor, site: str, shape: Sequence[int | tf.Tensor], rate: float | tf.Tensor, dtype: tf.DType
) -> tf.Tensor:
    """Return 1 where the draws of `uniform` are not below the rate, and 0 elsewhere."""
    if not _is_worth_fusing(keys, shape):
        return tf.cast(uniform(keys, site, shape) >= rate, dtype)
    words = tf.bitwise.bitwise_xor(keys, tf.constant(_words(site), tf.uint32))
    return tf.reshape(
        _compute_mask(words, math.prod(shape), tf.convert_to_tensor(rate, tf.float32), dtype), [keys.shape[0], *shape]
    )


def _is_worth_fusing(keys: tf.Tensor, shape: Sequence[int | tf.Tensor]) -> bool:
    """Return whether there are many draws and CPUs alone, where each of twenty operations would be a pass over them."""
    if keys.shape[0] is None or not all(isinstance(size, int) for size in shape):
        return False
    is_many = keys.shape[0] * math.prod(shape) >= _MANY
    return is_many and not any(tf.config.list_logical_devices(kind) for kind in ("GPU", "TPU"))


@tf.function(jit_compile=True, autograph=False)
def _compute_mask(words: tf.Tensor, count: int, rate: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    """Return the mask of `keep_mask` in one compiled loop; draws are multiples of 2**-24, so not a bit differs."""
    return tf.cast(_draws(words, count) >= rate, dtype)


_current = threading.local()


@contextlib.contextmanager
def address_draws(keys: tf.Tensor) -> Iterator[None]:
    """Within this context the rebound layers of `bind` draw for the examples of these keys (one row per example)."""
    before = getattr(_current, "keys", None)
    _current.keys = keys
    try:
        yield
    finally:
        _current.keys = before


def is_random(layer: keras.layers.Layer) -> bool:
    """Return whether a layer draws in training: dropout, stochastic depth, noise."""
    leaves = keras_private.leaf_layers(layer).values() or [layer]
    return any(
        getattr(leaf, "seed_generator", None) is not None
        or isinstance(leaf, keras.layers.Dropout)
        or _path_rate(leaf) is not None
        for leaf in leaves
    )


def _path_rate(layer: keras.layers.Layer) -> float | None:
    """Return the share of examples for which a layer drops a whole path; None for another layer."""
    if hasattr(layer, "drop_path_rate"):
        return float(layer.drop_path_rate)
    if type(layer).__name__.endswith("DropPath"):
        return float(next(getattr(layer, name) for name in _PATH_RATES if hasattr(layer, name)))
    return None


def bind(layers: Mapping[str, keras.layers.Layer]) -> list[str]:
    """Make the dropout and stochastic-depth layers among these draw by address; return the paths that cannot be.

    `layers` are by path, which is the site of their draws. A rebound layer is the identity when it is not trainable
    (its unit is frozen) or outside training. Only the call of the instance is replaced: configuration and saving are
    those of the stock layer.
    """
    unaddressed = []
    for path, layer in layers.items():
        if isinstance(layer, keras.layers.Dropout):
            layer.call = functools.partial(_dropout, layer, path)
        elif (rate := _path_rate(layer)) is not None:
            layer.call = functools.partial(_drop_path, layer, path, rate)
        elif getattr(layer, "seed_generator", None) is not None:
            unaddressed.append(path)
    return unaddressed


def _keys(path: str, rows: int | None) -> tf.Tensor:
    """Return the keys of a layer's rows: examples, or where there are several to an example its windows."""
    keys = getattr(_current, "keys", None)
    if keys is None:
        raise RuntimeError(f"{path} draws outside an addressed step")
    # A row that is the same for all examples is drawn for each of them.
    if rows is None or keys.shape[0] in (None, rows) or rows % keys.shape[0]:
        return keys
    return window_keys(keys, rows // keys.shape[0])


class _Rate:
    """The rate of a dropout layer and the factor that makes up for it, as variables that compiled steps read."""

    def __init__(self, rate: float) -> None:
        self.rate = tf.Variable(rate, trainable=False, dtype=tf.float32, name="dropout")
        self.factor = tf.Variable(_make_up(rate), trainable=False, dtype=tf.float32, name="dropout_factor")

    def set(self, rate: float) -> None:
        self.rate.assign(rate)
        self.factor.assign(_make_up(rate))


def _make_up(rate: float) -> float:
    return 1.0 / (1.0 - rate)


# Beside the layers, which would save the variables of their attributes.
_rates: weakref.WeakKeyDictionary[keras.layers.Layer, _Rate] = weakref.WeakKeyDictionary()


def set_rate(layer: keras.layers.Dropout, rate: float) -> None:
    """Set the rate of a dropout layer, in steps that are compiled too unless it was 0; call it in the strategy's scope.

    A step that is compiled with a rate of 0 drops nothing whatever the rate is later.
    """
    layer.rate = rate
    if layer in _rates:
        _rates[layer].set(rate)
    else:
        _rates[layer] = _Rate(rate)


def _drop(
    inputs: tf.Tensor,
    path: str,
    shape: Sequence[int | tf.Tensor],
    rate: float | tf.Tensor,
    factor: float | tf.Tensor,
) -> tf.Tensor:
    keep = keep_mask(_keys(path, inputs.shape[0]), path, shape, rate, inputs.dtype)
    return inputs * (keep * tf.cast(factor, inputs.dtype))


def _dropout(layer: keras.layers.Dropout, path: str, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
    if not training or not layer.trainable or layer.rate == 0:
        return inputs
    shape = keras_private.dropout_noise_shape(layer, inputs)
    if (held := _rates.get(layer)) is not None:
        return _drop(inputs, path, shape[1:], tf.convert_to_tensor(held.rate), tf.convert_to_tensor(held.factor))
    return _drop(inputs, path, shape[1:], layer.rate, _make_up(layer.rate))


def _drop_path(
    layer: keras.layers.Layer, path: str, rate: float, inputs: tf.Tensor, training: bool = False
) -> tf.Tensor:
    if not training or not layer.trainable or rate == 0:
        return inputs
    return _drop(inputs, path, [1] * (len(inputs.shape) - 1), rate, _make_up(rate))
