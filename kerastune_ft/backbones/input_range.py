"""Applies the range in which a model of unknown origin takes pixels, and checks it against the model itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.keras_applications.preprocessing import preprocess
from kerastune_ft.config.options.backbones import InputScale
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private

OWN_NAMES = ("image", "grey", "sum", "flip", "preprocessing")
"""Names of the operations put in front of a model."""
# Rec. 601, as in television and in most programs that make a picture grey.
_GREY = (0.299, 0.587, 0.114)
_FAMILY_WORDS = {"0-255": "inside", "-1-1": "tf"}
_CHOICES = (
    '  "0-255" as in the file, "0-1" (divided by 255), "-1-1" (MobileNet, ResNetV2, Inception),\n'
    '  "caffe" (ResNet50, VGG), "torch" (DenseNet, PyTorch), or {"scale": s, "offset": o}'
)

_RANGE_OPERATIONS = {"Rescaling", "Normalization", "Add", "Subtract", "Multiply", "Divide", "TrueDivide"}
_NEUTRAL_OPERATIONS = {"InputLayer", "Resizing", "CenterCrop", "Round", "Flip", "GetItem", "Cast", "Identity"}
# No model is trained on values beyond those of a pixel, or on nearly the same for black and white.
_LARGEST = 256.0
_SMALLEST_SPREAD = 0.05


def to_input_range(images: Any, given: str | InputScale | None, channels: int) -> Any:
    """Return symbolic RGB images of values 0 to 255 as a model of that many channels takes them."""
    if channels == 1:
        # Weighted by a layer, so that a saved model needs no code for it.
        images = keras.ops.sum(keras.layers.Rescaling(list(_GREY), name="grey")(images), axis=-1, keepdims=True)
    if isinstance(given, InputScale):
        return keras.layers.Rescaling(given.scale, offset=given.offset, name="preprocessing")(images)
    if channels == 1 and given in ("caffe", "torch"):
        raise ConfigError(
            f'backbone.input: "{given}" is by colour and the model takes grey images; write "0-255", "0-1", "-1-1", '
            'or {"scale": s, "offset": o}'
        )
    return images if given is None else preprocess(images, _FAMILY_WORDS.get(given, given))


def describe(given: str | InputScale | None) -> str:
    """Return the words for the range in plans and in preprocessing.json."""
    if isinstance(given, InputScale):
        return f"pixels x {given.scale:g} {'-' if given.offset < 0 else '+'} {abs(given.offset):g}"
    return "inside" if given is None else _FAMILY_WORDS.get(given, given)


def check_input_range(model: keras.Model, given: str | InputScale | None, name: str) -> None:
    """Raise ConfigError unless the range is known and black and white differ when the model has rescaled them.

    `model` has the front end in it; `name` is the file's.
    """
    found = _leading_rescaling(model)
    if given is None and (found is None or not found.is_plausible):
        raise ConfigError(
            f"backbone.input: {_describe_rescaling(found, name)}; write the range of pixels it takes:\n{_CHOICES}"
        )
    if given is not None and found is not None and found.is_flat:
        raise ConfigError(
            f"backbone.input: {name} begins with {found.names}, so pixels would be rescaled twice: black becomes "
            f"{found.low:.3g} and white {found.high:.3g}; remove backbone.input"
        )


@dataclass(frozen=True)
class _LeadingRescaling:
    """The values that a model's own rescaling gives for black and white, in the channel of the widest range."""

    names: str
    low: float
    high: float

    @property
    def is_flat(self) -> bool:
        return abs(self.high - self.low) < _SMALLEST_SPREAD

    @property
    def is_plausible(self) -> bool:
        does_something = (self.low, self.high) != (0.0, 255.0)
        return does_something and not self.is_flat and max(abs(self.low), abs(self.high)) <= _LARGEST


def _describe_rescaling(found: _LeadingRescaling | None, name: str) -> str:
    if found is None:
        return f"{name} does not begin with a Rescaling or Normalization layer, so it does not say what it takes"
    return (
        f"{name} begins with {found.names}, which makes {found.low:.4g} of black (0) and {found.high:.4g} of white "
        "(255), so it was not made for 0-255"
    )


def _leading_rescaling(model: keras.Model) -> _LeadingRescaling | None:
    tensor = model.input
    names: list[str] = []
    for node in keras_private.nodes_in_order(model):
        kind = type(node.operation).__name__
        if kind not in _RANGE_OPERATIONS | _NEUTRAL_OPERATIONS and node.operation.name not in OWN_NAMES:
            break
        if kind == "InputLayer":
            continue
        if [id(one) for one in node.inputs] != [id(tensor)] or len(node.outputs) != 1:
            break
        tensor = node.outputs[0]
        if kind in _RANGE_OPERATIONS and node.operation.name not in OWN_NAMES:
            names.append(node.operation.name)
    if not names:
        return None
    begin = keras.Model(model.input, tensor)
    pixel = np.zeros((1, *model.input.shape[1:]), np.float32)
    low, high = (
        np.asarray(begin(pixel + value, training=False))[0].reshape(-1, tensor.shape[-1])[0] for value in (0, 255)
    )
    channel = int(np.argmax(np.abs(high - low)))
    return _LeadingRescaling(" and ".join(names), float(low[channel]), float(high[channel]))
