"""The width of a MobileNet, its `alpha`, as the shapes in a file of its weights show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from kerastune_ft.config.facts.applications import IMAGENET_ALPHAS


def _round_filters(count: float) -> int:
    """Return the channels of MobileNetV2 for a fraction of them: a multiple of 8, never below nine tenths of it."""
    rounded = max(8, int(count + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * count else rounded


# By architecture a layer whose kernel differs for each width, the axis that does, and its size for a width.
_TELLING: Mapping[str, tuple[str, int, Callable[[float], int]]] = {
    "MobileNet": ("conv_pw_13", -1, lambda alpha: int(1024 * alpha)),
    "MobileNetV2": ("block_16_project", -1, lambda alpha: _round_filters(320 * alpha)),
}


def find_alpha(name: str, path: Path) -> float | None:
    """Return the `alpha` of an architecture of tf.keras.applications that a file of weights was made with.

    None for architectures without one, for files that cannot be read or do not name layers, and for widths that are
    not usual.
    """
    if name not in _TELLING:
        return None
    layer, axis, count = _TELLING[name]
    try:
        shapes = _read_shapes(path)
    except (OSError, ValueError, SafetensorError):
        # It is read again, and what is wrong with it said, when the model is built.
        return None
    found = {shape[axis] for key, shape in shapes.items() if f"{layer}/" in f"{key}/" and len(shape) == 4}
    fitting = [alpha for alpha in IMAGENET_ALPHAS[name] if found == {count(alpha)}]
    return fitting[0] if len(fitting) == 1 else None


def _read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays in an HDF5 or safetensors file by their names."""
    if path.suffix == ".safetensors":
        with safe_open(path, "np") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  no mapping
    import h5py

    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            shapes[name] = tuple(item.shape)

    with h5py.File(path) as file:
        file.visititems(note)
    return shapes
