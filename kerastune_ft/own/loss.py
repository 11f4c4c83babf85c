"""A person's own loss: the losses of the examples of a batch, and what makes a function none that can be trained on."""

from __future__ import annotations

import inspect
from typing import Any

import tensorflow as tf

from kerastune_ft.errors import ConfigError

_NUMPY = ("numpy()", "to a numpy array", "__array__", "attribute 'numpy'")
_CONDITION = "as a Python `bool`"


def compute_losses(own: Any, targets: Any, outputs: Any, valid: Any = None) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss of every example and what it counts, float32 [batch] each; a graph function.

    `own` is a loss of Keras or a function (targets, outputs). Where examples have pixels that belong to no class,
    `valid` is 1 for the others, float32 [batch, height, width], and an example counts the share of these: of a loss for
    every pixel they are averaged, and one for every image has to take `valid` itself. Raises ConfigError where the loss
    fails, gives another number of losses than there are examples, or takes no `valid` that it needs.
    """
    # A loss of Keras takes the mean itself unless it is asked this way.
    function = getattr(own, "call", own)
    takes_valid = valid is not None and "valid" in _parameters(function)
    known = {"valid": valid} if takes_valid else {}
    try:
        losses = tf.cast(tf.convert_to_tensor(function(targets, outputs, **known)), tf.float32)
    except Exception as error:
        raise ConfigError(_explain(error, targets, outputs)) from error
    rows = tf.nest.flatten(outputs)[0].shape[0]
    if losses.shape.rank is None:
        raise ConfigError(
            "loss: TensorFlow does not know the shape of what it gives, as that of tf.numpy_function, which has no "
            "gradient either; write it with keras.ops or functions of TensorFlow"
        )
    if losses.shape.rank == 0 or losses.shape[0] != rows:
        raise ConfigError(
            f"loss: it gives {tuple(losses.shape)} for a batch of {rows}, and every example needs a loss of its own, "
            f"({rows},); give the losses without their mean"
        )
    if valid is None:
        return _average(losses, 1), tf.ones(rows)
    share = tf.reduce_mean(valid, [1, 2])
    if takes_valid:
        return _average(losses, 1) * share, share
    if losses.shape[:3] != valid.shape:
        raise ConfigError(
            f"loss: it gives {tuple(losses.shape)} for masks {tuple(valid.shape)}, of which some pixels belong to no "
            "class; give a loss for every pixel, or take them as a third argument, valid, which is 0 for these"
        )
    # What they have may be NaN, as the logarithm of what is no probability.
    pixels = tf.where(valid > 0, _average(losses, 3), tf.zeros_like(valid))
    return tf.reduce_mean(pixels, [1, 2]), share


def _average(losses: tf.Tensor, rank: int) -> tf.Tensor:
    """Return the means over all axes from number `rank` on."""
    return tf.reduce_mean(losses, axis=list(range(rank, losses.shape.rank))) if losses.shape.rank > rank else losses


def _parameters(function: Any) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()


def _explain(error: Exception, targets: Any, outputs: Any) -> str:
    """Return why a loss cannot be computed, and what to write instead where that is known."""
    said = " ".join(str(error).split())
    if any(word in said for word in _NUMPY):
        return (
            f"loss: it asks for values as NumPy has them ({type(error).__name__}), and steps are compiled, where there "
            "are none yet; write it with keras.ops or functions of TensorFlow"
        )
    if _CONDITION in said:
        return (
            "loss: it decides by the value of a tensor (if, while, and, or), and steps are compiled, where there is "
            "none yet; write keras.ops.where(condition, a, b)"
        )
    shapes = [tuple(each.shape) for each in (targets, outputs)]
    # Losses of Keras for one-hot targets fail so, and say nothing of what to take instead.
    are_numbers = targets.dtype.is_integer and len(shapes[0]) == len(shapes[1]) - 1 and isinstance(error, ValueError)
    remedy = "; these targets are class numbers, as the losses of Keras that begin with Sparse take them"
    return (
        f"loss: it cannot be computed of targets {shapes[0]} and outputs {shapes[1]} "
        f"({type(error).__name__}: {said[:200]}){remedy if are_numbers else ''}"
    )
