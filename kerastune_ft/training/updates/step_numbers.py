"""The numbers of a phase that its compiled step reads from variables, so that a phase with others may take the step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import tensorflow as tf

from kerastune_ft.losses.options import LossOptions
from kerastune_ft.training.devices.devices import Devices


class StepNumbers:
    """Smoothing, class weights and the norm that gradients are clipped to; those that a phase does not have are None.

    What is derived of the smoothing, such as 1 less it, is computed in `sum_dtype` and then rounded, as of a constant.
    """

    def __init__(self, devices: Devices, loss: LossOptions, clip_norm: float | None) -> None:
        """`loss` and `clip_norm` are those of the phase that the step is made for."""
        self._loss = loss
        with devices.strategy.scope():
            self._smoothing = _hold(loss.smoothing if loss.is_smooth else None, devices.sum_dtype, "label_smoothing")
            self._weights = _hold(loss.class_weights, tf.float32, "class_weights")
            self._clip_norm = _hold(clip_norm, tf.float32, "clip_norm")

    @property
    def loss(self) -> LossOptions:
        """The options of the loss, whose numbers are variables."""
        smoothing = 0.0 if self._smoothing is None else self._smoothing
        return replace(self._loss, smoothing=smoothing, class_weights=self._weights)

    @property
    def clip_norm(self) -> tf.Variable | None:
        """The norm that gradients are clipped to, float32."""
        return self._clip_norm

    def set(self, loss: LossOptions, clip_norm: float | None) -> None:
        """Set the numbers of another phase, which has the same ones and no others."""
        given = (loss.smoothing if loss.is_smooth else None, loss.class_weights, clip_norm)
        for held, value in zip((self._smoothing, self._weights, self._clip_norm), given, strict=True):
            assert (held is None) == (value is None), "a step is compiled with or without each"
            if held is not None:
                held.assign(value)


def _hold(value: float | Sequence[float] | None, dtype: tf.DType, name: str) -> tf.Variable | None:
    return None if value is None else tf.Variable(value, trainable=False, dtype=dtype, name=name)
