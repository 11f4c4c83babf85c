"""Weight files as Keras and others wrote them, made of the variables of a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
from safetensors.numpy import save_file


def values(model: keras.Model) -> dict[str, np.ndarray]:
    """Return recognisable values for every variable but the states of seeds, by path."""
    random = np.random.default_rng(4)
    return {
        variable.path: np.asarray(random.normal(size=variable.shape)).astype(variable.dtype)
        for variable in model.variables
        if "seed" not in variable.path
    }


def write_keras_2(
    path: Path,
    model: keras.Model,
    arrays: dict[str, np.ndarray],
    rename: Callable[[int, str], str] = lambda number, name: name,
    nested: bool = False,
) -> Path:
    """Write a weight file as Keras 2 did, with its names of depthwise kernels; `nested` as of a whole model."""
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if nested else file
        names = []
        for number, layer in enumerate(model.layers):
            group = root.create_group(rename(number, layer.name))
            names.append(rename(number, layer.name).encode())
            weights = []
            for variable in layer.weights:
                last = variable.path.rpartition("/")[2]
                if isinstance(layer, keras.layers.DepthwiseConv2D) and last == "kernel":
                    last = "depthwise_kernel"
                weights.append(f"{rename(number, layer.name)}/{last}:0".encode())
                group.create_dataset(weights[-1].decode(), data=arrays[variable.path])
            group.attrs["weight_names"] = weights
        root.attrs["layer_names"] = names
    return path


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """Write arrays by variable path."""
    save_file(arrays, path)
    return path


def small_mobilenet() -> keras.Model:
    """Return the narrowest MobileNet as Keras itself builds it, without preprocessing."""
    keras.utils.clear_session()
    return keras.applications.MobileNet(include_top=False, weights=None, alpha=0.25, input_shape=(32, 32, 3))
