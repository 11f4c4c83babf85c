"""Tries a person's own loss on a few examples before anything is computed: what no step could train on is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.errors import ConfigError

# Two results of the same examples in other batches may differ by rounding.
_TOLERANCE = 1e-3
_FAR = 3.0


def check_loss(compute: Callable[[Any, Any], tuple[tf.Tensor, tf.Tensor]], targets: Any, outputs: np.ndarray) -> None:
    """Raise ConfigError for a loss that no phase can train on.

    `compute` returns loss and count [batch] of targets and outputs, as steps call it; `outputs` are those of the
    untrained model for examples with these targets, two or more. Refused are losses that depend on other examples of
    the batch, that are NaN or infinite, whose gradient is, and those without any gradient.
    """
    step = tf.function(lambda targets, outputs: _differentiate(compute, targets, outputs), autograph=False)
    losses, gradient = (each.numpy() for each in step(targets, outputs))
    if not np.isfinite(losses).all():
        raise ConfigError(f"loss: it gives {_first_odd(losses)} {_say_where(targets, outputs)}")
    if not np.isfinite(gradient).all():
        raise ConfigError(
            f"loss: its gradient is {_first_odd(gradient)} {_say_where(targets, outputs)}, though the loss is not; "
            "keep roots and divisions away from 0, as keras.ops.sqrt(x + 1e-7)"
        )
    # Outputs of an untrained model may be alike for all examples.
    far = outputs + _FAR * np.random.default_rng(0).standard_normal(outputs.shape).astype(outputs.dtype)
    further, steeper = (each.numpy() for each in step(targets, far))
    if np.isfinite(further).all():
        _check_alone(step, targets, far, further)
    else:
        _check_alone(step, targets, outputs, losses)
    if not gradient.any() and not steeper.any():
        raise ConfigError(
            "loss: its gradient is 0 for every example, so that nothing would be learned; argmax, rounding and "
            "comparisons have none"
        )


def _differentiate(compute: Callable[..., Any], targets: Any, outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the losses [batch] and the gradient of their sum by the outputs."""
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses, _ = compute(targets, outputs)
        total = tf.reduce_sum(losses)
    gradient = tape.gradient(total, outputs)
    if gradient is None:
        raise ConfigError(
            "loss: nothing of the outputs reaches it with a gradient, so that nothing would be learned; argmax, "
            "rounding, conversions to whole numbers and NumPy (tf.numpy_function) have none"
        )
    return losses, tf.convert_to_tensor(gradient)


def _check_alone(step: Callable[..., Any], targets: Any, outputs: np.ndarray, losses: np.ndarray) -> None:
    """Raise ConfigError for a loss of an example that is another one where the others of its batch are others."""
    order = np.minimum(np.arange(len(outputs)), 1)
    among_same = tf.nest.map_structure(lambda each: each[order], targets)
    alone = step(among_same, outputs[order])[0].numpy()[0]
    if abs(alone - losses[0]) > _TOLERANCE * max(1.0, abs(losses[0])):
        raise ConfigError(
            f"loss: that of an example depends on the others in its batch ({losses[0]:.4g} among some, {alone:.4g} "
            "among others), which batches, replicas and padding must not change; give every example a loss of its own, "
            f"and mind shapes: targets {_shape(targets)}, outputs {outputs.shape}"
        )


def _say_where(targets: Any, outputs: np.ndarray) -> str:
    low, high = outputs.min(), outputs.max()
    return (
        f"of targets {_shape(targets)} and outputs {outputs.shape} of the untrained model, which lie between {low:.3g} "
        f"and {high:.3g}: they are numbers of any size, no probabilities"
    )


def _shape(targets: Any) -> tuple[int, ...]:
    return tuple(tf.nest.flatten(targets)[0].shape)


def _first_odd(values: np.ndarray) -> str:
    return "NaN" if np.isnan(values).any() else "infinity"
