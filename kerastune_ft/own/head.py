"""A person's own head: built anew from what was given, with addressed weights and names that do not depend on it."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private


def build_head(given: Any, features: Any, outputs: int, seed: int, mask: Any = None) -> Any:
    """Return the symbolic outputs [batch, outputs] of a head on symbolic features.

    A layer or a model is made anew from its configuration, so that nothing is left of earlier training; a function is
    called with features and number of outputs, and with `mask` where it takes one. Initial values are drawn by the
    run's seed. Raises ConfigError for what builds no such outputs.
    """
    with _seed_initializers(seed):
        try:
            found = _call(given, features, outputs, mask)
        except ConfigError:
            raise
        except Exception as error:
            raise ConfigError(f"head: it cannot be built on features {features.shape}: {_shorten(error)}") from error
    if tuple(getattr(found, "shape", ())) != (None, outputs):
        got = getattr(found, "shape", type(found).__name__)
        raise ConfigError(
            f"head: it gives {got}, and the task needs (None, {outputs}): one number for each of its "
            "classes or values, without a softmax"
        )
    return found


def _call(given: Any, features: Any, outputs: int, mask: Any) -> Any:
    if isinstance(given, keras.layers.Layer):
        return _make_anew(given)(features)
    takes_mask = inspect.signature(given).parameters.get("mask") is not None
    return given(features, outputs, mask=mask) if takes_mask else given(features, outputs)


def _make_anew(layer: keras.layers.Layer) -> keras.layers.Layer:
    """Return a layer of the same configuration that was never built."""
    try:
        if keras_private.is_functional(layer) or isinstance(layer, keras.Sequential):
            return keras.models.clone_model(layer)
        return type(layer).from_config(layer.get_config())
    except Exception as error:
        raise ConfigError(
            f"head: {type(layer).__name__} cannot be made anew from its get_config ({_shorten(error)}); give a "
            "function (features, outputs) that makes its layers"
        ) from error


@contextlib.contextmanager
def _seed_initializers(seed: int) -> Iterator[None]:
    """Within this context initializers without a seed get one that follows from the run's; Keras draws it in Python."""
    before = random.getstate()
    random.seed(int.from_bytes(hashlib.sha256(f"{seed}/own head".encode()).digest()[:8], "little"))
    try:
        yield
    finally:
        random.setstate(before)


def name_layers(layers: Sequence[keras.layers.Layer]) -> None:
    """Give the layers of a head, and their variables, names by their order: Keras counts theirs up in a process.

    Checkpoints know variables by their paths, and random draws layers.
    """
    for number, layer in enumerate(layers, start=1):
        _rename(layer, f"head_{number}_{_word(layer)}")
        seen: set[str] = set()
        for place, variable in enumerate(layer.variables):
            path = f"{layer.name}/{variable.name}"
            path = f"{layer.name}/{place}_{variable.name}" if path in seen else path
            seen.add(path)
            keras_private.set_path(variable, path)


def _rename(layer: keras.layers.Layer, name: str) -> None:
    layer.name = name
    for number, inner in enumerate(keras_private.inner_layers(layer), start=1):
        _rename(inner, f"{number}_{_word(inner)}")


def _word(layer: keras.layers.Layer) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()


def list_custom_classes(layers: Sequence[keras.layers.Layer]) -> dict[str, type]:
    """Return the classes among these layers, at any depth, that are none of Keras', by name."""
    found: dict[str, type] = {}
    for layer in layers:
        kind = type(layer)
        if kind.__module__.partition(".")[0] not in ("keras", "keras_hub", "kerastune_ft"):
            found[kind.__name__] = kind
        found |= list_custom_classes(keras_private.inner_layers(layer))
    return found


def _shorten(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
