"""Small backbones of every way in which layers are joined, saved as a user's own model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

layers = keras.layers
SIZE = 32


def _conv(x: Any, name: str, filters: int = 8, strides: int = 1) -> Any:
    x = layers.Conv2D(filters, 3, strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.Activation("swish", name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_norm")(x))


def _plain(x: Any) -> Any:
    for number in range(4):
        x = _conv(x, f"block{number}", strides=1 + number % 2)
    return x


def _residual(x: Any) -> Any:
    for number in range(3):
        branch = _conv(x, f"block{number}", strides=2)
        shortcut = layers.Conv2D(8, 1, 2, name=f"block{number}_shortcut")(x)
        x = layers.Add(name=f"block{number}_add")([branch, shortcut])
    return x


def _dense(x: Any) -> Any:
    for number in range(3):
        x = layers.Concatenate(name=f"block{number}_concat")([x, _conv(x, f"block{number}", filters=4)])
    return layers.AveragePooling2D(2, name="pool")(x)


def _inverted(x: Any) -> Any:
    for number in range(3):
        inner = layers.Conv2D(16, 1, name=f"block{number}_expand")(x)
        inner = layers.DepthwiseConv2D(3, padding="same", name=f"block{number}_depthwise")(inner)
        inner = layers.ReLU(6, name=f"block{number}_relu")(layers.BatchNormalization(name=f"block{number}_norm")(inner))
        inner = layers.Conv2D(8, 1, name=f"block{number}_project")(inner)
        x = layers.Add(name=f"block{number}_add")([x, inner])
    return layers.MaxPooling2D(2, name="pool")(x)


def _skipping(x: Any) -> Any:
    """A skip connection over all: several tensors cross every cut."""
    early = layers.MaxPooling2D(4, name="early_pool")(x)
    for number in range(3):
        x = _conv(x, f"block{number}", strides=1 if number == 2 else 2)
    return layers.Concatenate(name="ends")([x, _conv(early, "late")])


NETS: dict[str, Callable[[Any], Any]] = {
    "plain": _plain,
    "residual": _residual,
    "dense": _dense,
    "inverted": _inverted,
    "skipping": _skipping,
}


def save_net(path: Path, joined: str, seed: int = 0, size: int = SIZE) -> dict[str, Any]:
    """Save a net for images of `size` and return it as the backbone of a configuration; `seed` makes its weights."""
    keras.utils.set_random_seed(seed)
    images = keras.Input((size, size, 3), name="images")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(images)
    model = keras.Model(images, NETS[joined](_conv(x, "stem", strides=2)))
    draw = np.random.default_rng(seed)
    for variable in model.variables:
        # Statistics that are not those of a fresh layer, so that inference mode shows.
        if variable.path.endswith("moving_mean"):
            variable.assign(draw.uniform(-0.2, 0.2, variable.shape))
        if variable.path.endswith("moving_variance"):
            variable.assign(draw.uniform(0.1, 0.4, variable.shape))
    model.save(path)
    return {"kind": "saved", "path": str(path)}
