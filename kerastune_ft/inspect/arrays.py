"""Looking at an .npz file: which of its arrays are images, and which their labels."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.data.source import counted
from kerastune_ft.errors import DataError
from kerastune_ft.inspect.columns import are_amounts
from kerastune_ft.inspect.sight import Sight, classification, divide, put

_TRAIN_SHARE = 0.7
_IMAGE_NAMES = ("x", "images", "image", "x_train", "train_images", "data", "arr_0")


def look_at_arrays(path: Path, written: str) -> Sight:
    """Return what an .npz file holds; only headers and labels are read."""
    shapes = _shapes(path)
    images = {name: shape for name, shape in shapes.items() if _are_images(shape)}
    labels = {name: shape for name, shape in shapes.items() if len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)}
    pairs = [(x, y) for x in sorted(images, key=_image_rank) for y in labels if images[x][0] == labels[y][0]]
    # x_train goes with y_train, whatever else has as many rows.
    pairs.sort(key=lambda pair: (_image_rank(pair[0]), pair[0].replace("x", "y", 1) != pair[1], pair[1]))
    if not pairs:
        listed = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items()) or "nothing"
        raise DataError(
            f"{path} has no array of images with labels of as many rows: it holds {listed}.\n"
            "Write it with numpy.savez(path, x=images, y=labels): images [N, height, width(, channels)], labels [N]."
        )
    x, y = pairs[0]
    texts = _texts(path, y)
    data: dict[str, Any] = {"kind": "arrays", "path": written}
    size = "x".join(map(str, shapes[x][1:]))
    if (x, y) != ("x", "y"):
        put(data, "x", x, f"{counted(len(texts), 'image')} of {size}")
        data["y"] = y
    counts = {} if are_amounts(texts) else dict(sorted(Counter(texts).items()))
    task = classification(counts) if counts else {"kind": "image_regression"}
    divide(data, counts, None)
    sight = Sight(task, data, len(texts), int(len(texts) * _TRAIN_SHARE), counts)
    sight.seen.append(f"arrays: {x} [{len(texts)} x {size}], {y}")
    if unused := [name for name in shapes if name not in (x, y)]:
        sight.seen.append(f"arrays not used: {', '.join(unused)}")
    return sight


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays by name from their headers."""
    found: dict[str, tuple[int, ...]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                if entry.endswith(".npy"):
                    with archive.open(entry) as file:
                        version = np.lib.format.read_magic(file)
                        read = np.lib.format.read_array_header_1_0
                        header = read(file) if version == (1, 0) else np.lib.format.read_array_header_2_0(file)
                        found[entry.removesuffix(".npy")] = header[0]
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        raise DataError(f"{path} is no readable .npz file ({problem}). Write it with numpy.savez.") from problem
    return found


def _are_images(shape: tuple[int, ...]) -> bool:
    return (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 2, 3, 4))) and min(shape) > 0


def _image_rank(name: str) -> int:
    return _IMAGE_NAMES.index(name.lower()) if name.lower() in _IMAGE_NAMES else len(_IMAGE_NAMES)


def _texts(path: Path, name: str) -> list[str]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values = arrays[name].reshape(-1)
    except (ValueError, OSError, zipfile.BadZipFile) as problem:
        raise DataError(f"{path}: the array {name!r} cannot be read as plain numbers or text ({problem}).") from problem
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    return [str(value) for value in values.tolist()]
