"""Models whose layers are used several times, side by side, by turns or around others, as users build them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

layers = keras.layers
WIDTH = 3
EXAMPLES = 24


def _dense(name: str) -> keras.layers.Layer:
    return layers.Dense(WIDTH, activation="tanh", name=name)


def _chain(images: Any, names: str) -> Any:
    """Apply layers by their letters, one after another; a letter that comes again is the same layer."""
    made: dict[str, keras.layers.Layer] = {}
    x = images
    for name in names:
        made.setdefault(name, _dense(name))
        x = made[name](x)
    return x


def _branches(images: Any) -> Any:
    x = _dense("stem")(images)
    sides = [_dense("left")(x), _dense("right")(_dense("middle")(x))]
    return _dense("end")(layers.Concatenate(name="join")(sides))


def _siamese(images: Any) -> Any:
    tower = [_dense("a"), _dense("b"), _dense("c")]
    halves = []
    for first, last in ((0, 2), (2, 4)):
        x = images[:, first:last]
        for layer in tower:
            x = layer(x)
        halves.append(x)
    return _dense("end")(layers.Subtract(name="difference")(halves))


def _nested(model_inputs: Any, in_branches: bool) -> Any:
    inner_input = keras.Input((None, None, WIDTH), name="inner_input")
    x = layers.BatchNormalization(name="inner_norm")(_dense("inner_a")(inner_input))
    inner = keras.Model(inner_input, _dense("inner_b")(layers.Dropout(0.5, name="inner_dropout")(x)), name="inner")
    x = _dense("stem")(model_inputs)
    if in_branches:
        return _dense("end")(layers.Add(name="sum")([inner(_dense("left")(x)), inner(x)]))
    return _dense("end")(inner(inner(x)))


def _skip_over_shared(images: Any) -> Any:
    shared = _dense("shared")
    x = before = shared(_dense("stem")(images))
    x = shared(_dense("middle")(x))
    return _dense("end")(layers.Add(name="sum")([x, before]))


def _two_scales(images: Any) -> Any:
    shared = _dense("shared")
    x = _dense("stem")(images)
    small = layers.UpSampling2D(name="larger")(shared(layers.AveragePooling2D(2, name="smaller")(x)))
    return _dense("end")(layers.Add(name="sum")([shared(x), small]))


GRAPHS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "one layer after itself": (lambda images: _chain(images, "sppe"), ["s", "p", "e"]),
    "two by turns": (lambda images: _chain(images, "spqpqe"), ["s", "p q", "e"]),
    "three by turns": (lambda images: _chain(images, "spqrpqre"), ["s", "p q r", "e"]),
    "two by turns around others": (lambda images: _chain(images, "psqtpqe"), ["p s q", "t", "e"]),
    "one at the input and the end": (lambda images: _chain(images, "pabcp"), ["p", "a", "b", "c"]),
    "one around another": (lambda images: _chain(images, "spqpe"), ["s", "p", "q", "e"]),
    "branches": (_branches, ["stem", "middle", "left", "right", "join end"]),
    "siamese": (_siamese, ["a", "b", "c", "difference end"]),
    "a model after itself": (
        lambda images: _nested(images, in_branches=False),
        ["stem", "inner_a inner_norm inner_dropout inner_b", "end"],
    ),
    "a model in two branches": (
        lambda images: _nested(images, in_branches=True),
        ["stem", "left", "inner_a inner_norm inner_dropout", "inner_b", "sum end"],
    ),
    "a skip over a shared layer": (_skip_over_shared, ["stem", "shared", "middle", "sum end"]),
    "one layer at two scales": (_two_scales, ["stem smaller shared", "larger sum end"]),
}
"""By name, what makes the output of a model of its images, and the layers of its units."""


def odd_model(name: str) -> keras.Model:
    """Return one of these models, of images of 4 x 4 pixels."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    images = keras.Input((4, 4, WIDTH), name="image")
    return keras.Model(images, GRAPHS[name][0](images), name="odd")


def write_own_model(folder: Path, name: str) -> dict[str, Any]:
    """Write a model and data for it; return a configuration whose phases cut it at two boundaries."""
    random = np.random.default_rng(0)
    labels = np.arange(EXAMPLES) % 2
    images = random.integers(0, 200, (EXAMPLES, 4, 4, 3)).astype(np.uint8) + (50 * labels[:, None, None, None]).astype(
        np.uint8
    )
    np.savez(folder / "data.npz", x=images, y=labels)
    body = odd_model(name)
    body.save(folder / "own.keras")
    return {
        "name": "own",
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": "data.npz"},
        "backbone": {"kind": "saved", "path": "own.keras", "input": "0-1"},
        "defaults": {"epochs": 1, "batch_size": 8, "learning_rate": 0.01},
        "phases": [
            {"name": "top", "unfreeze": {"last": 1}},
            {"name": "more", "unfreeze": {"last": 2}},
        ],
    }
