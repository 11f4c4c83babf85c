"""Reading weight files into a backbone by name, with a report of what was and was not transferred."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from safetensors.numpy import load_file

from kerastune_ft.backbones.base import Transfer
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import as_local_file
from kerastune_ft.wording import first_names

_LEGACY = ".h5"


class ShapeError(ConfigError):
    """A weight file that holds another shape than a variable of its name."""


def load(model: keras.Model, variables: Sequence[keras.Variable], path: Path, source: str) -> Transfer:
    """Copy the values of a weight file into a backbone's variables and report the transfer.

    Reads `.safetensors` by variable path, `.h5` files of Keras 2 by layer name, and Keras 3's `.weights.h5`. Raises
    ConfigError when the file cannot be read, fits no variable, or holds another shape.
    """
    if not path.is_file():
        raise ConfigError(
            f"backbone.weights: there is no file {path}; give the path of a .h5, .weights.h5 or .safetensors file"
        )
    with as_local_file(path) as local:
        return _load_file(model, variables, local, source)


def _load_file(model: keras.Model, variables: Sequence[keras.Variable], path: Path, source: str) -> Transfer:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if path.name.endswith(".weights.h5") and not _is_keras_2(path):
        return _load_keras_3(model, variables, path, Transfer(source, digest, len(variables)))
    found = _read_file(path)
    if path.suffix == _LEGACY and any(variable.path not in found for variable in variables):
        found = _by_order(model, found) or found
    missing = tuple(variable.path for variable in variables if variable.path not in found)
    if len(missing) == len(variables):
        raise ConfigError(
            f"backbone.weights: no name in {path} belongs to {model.name}; the file holds "
            f"{first_names(found, 3) or 'nothing'}"
        )
    for variable in variables:
        if variable.path in found:
            _assign(variable, found[variable.path], path)
    unused = tuple(sorted(found.keys() - {variable.path for variable in variables}))
    return Transfer(source, digest, len(variables) - len(missing), missing, unused)


def fits(model: keras.Model, variables: Sequence[keras.Variable], path: Path) -> bool:
    """Return whether a `.safetensors` file or one of Keras 2 has every variable of a backbone, in its shape."""
    with as_local_file(path) as local:
        if path.name.endswith(".weights.h5") and not _is_keras_2(local):
            return False
        found = _read_file(local)
        if path.suffix == _LEGACY and any(variable.path not in found for variable in variables):
            found = _by_order(model, found) or found
    shapes = {name: array.shape for name, array in found.items()}
    return all(shapes.get(variable.path) == tuple(variable.shape) for variable in variables)


def _assign(variable: keras.Variable, value: np.ndarray, path: Path) -> None:
    if tuple(variable.shape) != value.shape:
        raise ShapeError(
            f"backbone.weights: {variable.path} has shape {tuple(variable.shape)} in the backbone and {value.shape} "
            f"in {path}; "
            "is it another architecture, or another option such as alpha?"
        )
    variable.assign(value)


def _read_file(path: Path) -> Mapping[str, np.ndarray]:
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
            return "model_weights" in file or any(name.startswith("layer_names") for name in file.attrs)
    except OSError as error:
        raise ConfigError(f"backbone.weights: {path} cannot be read: {error}; is the download complete?") from error


def _read_keras_2(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a Keras 2 weight file by `layer/variable`, the path the variables have in Keras 3."""
    found: dict[str, np.ndarray] = {}
    with h5py.File(path) as file:
        root = file.get("model_weights", file)
        for layer in _names(root.attrs, "layer_names"):
            weights = {
                re.sub(r":\d+$", "", name.rsplit("/", 1)[-1]): name
                for name in _names(root[layer].attrs, "weight_names")
            }
            for last, name in weights.items():
                # Keras 3 renamed the kernel of depthwise convolutions, not those of separable ones.
                renamed = last == "depthwise_kernel" and "pointwise_kernel" not in weights
                found[f"{layer}/{'kernel' if renamed else last}"] = np.asarray(root[layer][name])
    return found


def _by_order(model: keras.Model, found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray] | None:
    """Return the arrays by the paths of the variables at the same place, or None unless every shape agrees.

    Some of Keras' own files name layers by numbers that were counted up when they were written.
    """
    arrays: dict[str, list[np.ndarray]] = {}
    for name, array in found.items():
        arrays.setdefault(name.rpartition("/")[0], []).append(array)
    layers = [layer.weights for layer in model.layers if layer.weights]
    if [[array.shape for array in group] for group in arrays.values()] != [
        [tuple(one.shape) for one in group] for group in layers
    ]:
        return None
    pairs = zip(layers, arrays.values(), strict=True)
    return {one.path: array for group, values in pairs for one, array in zip(group, values, strict=True)}


def _names(attributes: Mapping[str, Any], key: str) -> list[str]:
    """Return a list of names; Keras divides one too long for HDF5 into `key0`, `key1` and so on."""
    if key in attributes:
        parts = [attributes[key]]
    else:
        parts = [attributes[f"{key}{number}"] for number in range(sum(name.startswith(key) for name in attributes))]
    if not parts:
        raise KeyError(f"it has no {key}, so it is no weight file of Keras 2")
    return [name.decode() if isinstance(name, bytes) else name for part in parts for name in part]


def _load_keras_3(model: keras.Model, variables: Sequence[keras.Variable], path: Path, whole: Transfer) -> Transfer:
    try:
        model.load_weights(path)
    except Exception as error:
        raise ConfigError(
            f"backbone.weights: {path} does not fit {model.name}: {str(error).splitlines()[0]}"
        ) from error
    return whole
