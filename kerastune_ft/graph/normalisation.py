"""BatchNorm in training: the moments of a whole global micro-batch, wherever its examples are computed.

Keras' layer takes the moments of what one replica got, padding included, and the moving statistics of the replicas
drift apart. Here an example counts by its weight, and sums are taken over all replicas, so that every one of them
normalises alike and keeps the same statistics. Two reductions a layer: the mean, then the squared deviations from it.
One would do for sums of values and of squares, but their difference loses float32's digits where a mean is large
against its deviation.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private

_current = threading.local()

_FOLLOWING = (
    keras.layers.ReLU,
    keras.layers.Add,
    keras.layers.Concatenate,
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.ZeroPadding2D,
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
)


@contextlib.contextmanager
def count_by_weight(weights: tf.Tensor) -> Iterator[None]:
    """Within this context the rebound layers of `bind` count every example by its weight, shape [batch]; 0 not at all.

    All replicas must be in it at the same time.
    """
    before = getattr(_current, "weights", None)
    _current.weights = weights
    try:
        yield
    finally:
        _current.weights = before


@contextlib.contextmanager
def fuse(names: Collection[str]) -> Iterator[None]:
    """Within this context the rebound layers of these names normalise, in inference, by TensorFlow's fused operation.

    TensorFlow joins it to the convolution before and the activation after, which saves two passes over what they give:
    a third of the time of MobileNet on a CPU. Results differ from Keras' own, of several operations, by rounding.
    """
    _current.fused = names
    try:
        yield
    finally:
        _current.fused = ()


def find_fusible(model: keras.Model) -> frozenset[str]:
    """Return the names of the BatchNorm layers of a functional model that may be `fuse`.

    TensorFlow 2.21 joins them to any activation that follows, tanh and sigmoid too, and then has no kernel for these;
    so only what is known to follow well may follow.
    """
    nodes = keras_private.nodes_in_order(model)
    makers = {id(tensor): node.operation for node in nodes for tensor in node.outputs}
    found = {node.operation.name for node in nodes if isinstance(node.operation, keras.layers.BatchNormalization)}
    return frozenset(found) - {
        makers[id(tensor)].name for node in nodes if not _follows_well(node.operation) for tensor in node.inputs
    }


def _follows_well(operation: Any) -> bool:
    if isinstance(operation, keras.layers.Activation):
        return operation.activation in (keras.activations.relu, keras.activations.relu6, keras.activations.linear)
    return isinstance(operation, _FOLLOWING)


def batch_norms(layer: keras.layers.Layer) -> list[keras.layers.BatchNormalization]:
    """Return the BatchNorm layers in a layer, itself included."""
    leaves = list(keras_private.leaf_layers(layer).values()) or [layer]
    return [leaf for leaf in leaves if isinstance(leaf, keras.layers.BatchNormalization)]


def gamma_and_beta(norm: keras.layers.BatchNormalization) -> frozenset[str]:
    """Return the paths of a layer's gamma and beta; it may lack one or both."""
    return frozenset(variable.path for variable in (norm.gamma, norm.beta) if variable is not None)


def moving_statistics(norm: keras.layers.BatchNormalization, place: str) -> tuple[str, str]:
    """Return the paths of a layer's moving statistics; `place` names the phase's key in messages.

    Raises ConfigError for a layer that keeps others besides.
    """
    # Before Keras 3.14 no layer renormalises.
    if getattr(norm, "renorm", False):
        raise ConfigError(
            f'{place}: layer {norm.name} renormalises its batches ("renorm"), which only "frozen" is available for'
        )
    return norm.moving_mean.path, norm.moving_variance.path


def bind(layers: Mapping[str, keras.layers.Layer]) -> None:
    """Make the BatchNorm layers among these, which are by path, normalise by the moments of the global micro-batch.

    They do where they are trainable, in training; else they are left to Keras, in inference mode. Only the call of the
    instance is replaced: configuration and saving are those of the stock layer.
    """
    for path, layer in layers.items():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.call = functools.partial(_batch_norm, layer, path, layer.call)


def _batch_norm(
    layer: keras.layers.BatchNormalization,
    path: str,
    stock: Callable[..., tf.Tensor],
    inputs: tf.Tensor,
    training: bool | None = None,
    mask: tf.Tensor | None = None,
) -> tf.Tensor:
    if not training or not layer.trainable:
        if mask is None and layer.name in getattr(_current, "fused", ()) and _can_be_fused(layer, inputs):
            return _normalise_in_one(layer, inputs)
        return stock(inputs, training=False, mask=mask)
    weights = getattr(_current, "weights", None)
    if weights is None:
        raise RuntimeError(f"{path} normalises outside a counted step")
    values = tf.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
    found = _moments(values, layer.axis, tf.cast(weights, values.dtype), mask)
    moments = _update_statistics(layer, *found)
    outputs = keras.ops.batch_normalization(
        values, *moments, axis=layer.axis, offset=layer.beta, scale=layer.gamma, epsilon=layer.epsilon
    )
    return tf.cast(outputs, layer.compute_dtype)


def _can_be_fused(layer: keras.layers.BatchNormalization, inputs: tf.Tensor) -> bool:
    return len(inputs.shape) == 4 and layer.axis in (3, -1) and inputs.dtype == tf.float32


def _normalise_in_one(layer: keras.layers.BatchNormalization, inputs: tf.Tensor) -> tf.Tensor:
    mean = tf.convert_to_tensor(layer.moving_mean)
    return tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=tf.ones_like(mean) if layer.gamma is None else tf.convert_to_tensor(layer.gamma),
        offset=tf.zeros_like(mean) if layer.beta is None else tf.convert_to_tensor(layer.beta),
        mean=mean,
        variance=tf.convert_to_tensor(layer.moving_variance),
        epsilon=layer.epsilon,
        is_training=False,
    ).y


def _update_statistics(
    layer: keras.layers.BatchNormalization, mean: tf.Tensor, variance: tf.Tensor, count: tf.Tensor
) -> list[tf.Tensor]:
    """Update the moving statistics by these moments; return the moments to normalise by.

    Padding alone has no moments; the moving ones are used for it. Moments that overflowed are not taken over: they
    would spoil the statistics for good, though their step is skipped.
    """
    is_counted = count > 0
    is_sound = is_counted & tf.reduce_all(tf.math.is_finite(mean) & tf.math.is_finite(variance))
    moments = []
    for statistic, moment in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        before = tf.cast(tf.convert_to_tensor(statistic), moment.dtype)
        moved = before * layer.momentum + tf.stop_gradient(moment) * (1.0 - layer.momentum)
        statistic.assign(tf.where(is_sound, moved, before))
        moments.append(tf.where(is_counted, moment, before))
    return moments


def _moments(
    values: tf.Tensor, axis: int, weights: tf.Tensor, mask: tf.Tensor | None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return mean, biased variance and the number of values counted, of all replicas' examples together."""
    rank = len(values.shape)
    channels = axis % rank
    within = [one for one in range(1, rank) if one != channels]
    if mask is None:
        sizes = tf.gather(tf.shape(values), tf.constant(within, tf.int32))
        held = tf.cast(tf.reduce_prod(sizes), values.dtype)
    else:
        # Keras has a mask cover all axes but the last, which is then the channels'.
        kept = tf.cast(mask, values.dtype)
        held = tf.reduce_sum(kept, list(range(1, rank - 1)))

    def total(terms: tf.Tensor) -> tf.Tensor:
        terms = terms if mask is None else terms * kept[..., tf.newaxis]
        # By example first: weighting then costs no product of the size of the activations.
        return tf.reduce_sum(tf.reduce_sum(terms, within) * weights[:, tf.newaxis], 0)

    sums = _sum_over_replicas(tf.concat([total(values), [tf.reduce_sum(weights * held)]], 0))
    count = sums[-1]
    # Without examples the moments are 0, which nothing uses, and not NaN.
    divisor = tf.where(count > 0, count, tf.ones_like(count))
    mean = sums[:-1] / divisor
    shape = [1] * rank
    shape[channels] = -1
    # No gradient would come through this mean: deviations from it add up to zero.
    deviations = values - tf.reshape(tf.stop_gradient(mean), shape)
    return mean, _sum_over_replicas(total(tf.square(deviations))) / divisor, count


def _sum_over_replicas(sums: tf.Tensor) -> tf.Tensor:
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return sums
    return context.all_reduce(tf.distribute.ReduceOp.SUM, sums)
