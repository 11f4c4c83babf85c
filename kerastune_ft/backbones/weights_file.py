"""Reading weight files into a backbone by name, with a report of what was and was not transferred."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import keras
import numpy as np
from safetensors.numpy import load_file

from kerastune_ft.backbones.base import Transfer
from kerastune_ft.errors import ConfigError

_LEGACY = ".h5"
_ALIASES = {"depthwise_kernel": "kernel", "moving_mean": "moving_mean", "moving_variance": "moving_variance"}


def load(model: keras.Model, variables: Sequence[keras.Variable], path: Path, source: str) -> Transfer:
    """Copy the values of a weight file into a backbone's variables and report the transfer.

    Reads `.safetensors` by variable path, `.h5` files of Keras 2 by layer name, and Keras 3's `.weights.h5`. Raises
    ConfigError when the file cannot be read, fits no variable, or holds another shape.
    """
    if not path.is_file():
        raise ConfigError(f"backbone.weights: there is no file {path}; give the path of a .h5, .weights.h5 or .safetensors file")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if path.name.endswith(".weights.h5") and not _is_keras_2(path):
        return _load_keras_3(model, variables, path, Transfer(source, digest, len(variables)))
    found = _read(path)
    missing = tuple(variable.path for variable in variables if variable.path not in found)
    if len(missing) == len(variables):
        raise ConfigError(f"backbone.weights: no name in {path} belongs to {model.name}; the file holds {_some(found)}")
    for variable in variables:
        if variable.path in found:
            _assign(variable, found[variable.path], path)
    unused = tuple(sorted(found.keys() - {variable.path for variable in variables}))
    return Transfer(source, digest, len(variables) - len(missing), missing, unused)


def _assign(variable: keras.Variable, value: np.ndarray, path: Path) -> None:
    if tuple(variable.shape) != value.shape:
        raise ConfigError(
            f"backbone.weights: {variable.path} has shape {tuple(variable.shape)} in the backbone and {value.shape} in {path}; "
            "is it another architecture, or another option such as alpha?"
        )
    variable.assign(value)


def _read(path: Path) -> Mapping[str, np.ndarray]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix == _LEGACY:
            return _read_keras_2(path)
    except Exception as error:
        raise ConfigError(f"backbone.weights: {path} cannot be read: {error}; is the download complete?") from error
    raise ConfigError(f"backbone.weights: {path} is none of .h5, .weights.h5, .safetensors")


def _is_keras_2(path: Path) -> bool:
    try:
        with h5py.File(path) as file:
            return "layer_names" in file.attrs or "model_weights" in file
    except OSError as error:
        raise ConfigError(f"backbone.weights: {path} cannot be read: {error}; is the download complete?") from error


def _read_keras_2(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a Keras 2 weight file by `layer/variable`, the path the variables have in Keras 3."""
    found: dict[str, np.ndarray] = {}
    with h5py.File(path) as file:
        root = file["model_weights"] if "model_weights" in file else file
        for layer in map(_text, root.attrs["layer_names"]):
            for name in map(_text, root[layer].attrs["weight_names"]):
                last = re.sub(r":\d+$", "", name.rsplit("/", 1)[-1])
                found[f"{layer}/{_ALIASES.get(last, last)}"] = np.asarray(root[layer][name])
    return found


def _load_keras_3(
    model: keras.Model, variables: Sequence[keras.Variable], path: Path, whole: Transfer
) -> Transfer:
    try:
        model.load_weights(path)
    except Exception as error:
        raise ConfigError(f"backbone.weights: {path} does not fit {model.name}: {str(error).splitlines()[0]}") from error
    return whole


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _some(names: Mapping[str, np.ndarray]) -> str:
    shown = list(names)[:3]
    return ", ".join(shown) + (", ..." if len(names) > len(shown) else "") if shown else "nothing"
