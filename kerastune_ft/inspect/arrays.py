"""Looking at an .npz file: which of its arrays are images, which their labels, and what the others tell."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.data.source import counted
from kerastune_ft.errors import DataError
from kerastune_ft.inspect.columns import are_amounts, group_column, is_group_name
from kerastune_ft.inspect.npz import Header, headers, value_range
from kerastune_ft.inspect.sight import Sight, classification, divide, put, whole

_TRAIN_SHARE = 0.7
_IMAGE_NAMES = ("x", "images", "image", "x_train", "train_images", "data", "arr_0")
# Rows longer than this are features or flat pictures, not labels.
_MOST_TARGETS = 1000


def look_at_arrays(path: Path, written: str) -> Sight:
    """Return what an .npz file holds; of the images only the range is read, and that only where it may be unusual."""
    found = headers(path)
    x, y = _images_and_labels(path, found)
    labels = _read(path, y)
    count, size = found[x].shape[0], "x".join(map(str, found[x].shape[1:]))
    data: dict[str, Any] = {"kind": "arrays", "path": written}
    if (x, y) != ("x", "y"):
        put(data, "x", x, f"{counted(count, 'image')} of {size}")
        data["y"] = y
    asks: list[str] = []
    task, counts = _task(y, labels, asks)
    _range(data, x, found[x], path, asks)
    others = {name: found[name] for name in found if name not in (x, y)}
    group = _group(path, others, count)
    if group:
        put(data, "group", group, f"no {group} is in two splits")
    divide(data, counts, group)
    sight = Sight(task, data, count, int(count * _TRAIN_SHARE), counts, asks=asks)
    shape = " x ".join(map(str, found[y].shape[1:]))
    sight.seen.append(f"arrays: {x} [{count} x {size}], {y}{f' [{count} x {shape}]' if shape else ''}")
    sight.seen += _unused([name for name in others if name != group], others, count)
    return sight


def _images_and_labels(path: Path, found: Mapping[str, Header]) -> tuple[str, str]:
    images = [name for name, header in found.items() if _are_images(header.shape)]
    labels = [name for name, header in found.items() if _are_labels(header)]
    pairs = [(x, y) for x in images for y in labels if found[x].shape[0] == found[y].shape[0]]
    if not pairs:
        listed = ", ".join(f"{name} {list(header.shape)}" for name, header in found.items()) or "nothing"
        raise DataError(
            f"{path} has no array of images with labels of as many rows: it holds {listed}.\n"
            "Write it with numpy.savez(path, x=images, y=labels): images [N, height, width(, channels)], labels [N], "
            "or [N, several]."
        )

    def rank(pair: tuple[str, str]) -> tuple[int, bool, bool, int, str]:
        x, y = pair
        # x_train goes with y_train, whatever else has as many rows.
        return (_image_rank(x), x.replace("x", "y", 1) != y, is_group_name(y), len(found[y].shape), y)

    return min(pairs, key=rank)


def _are_images(shape: tuple[int, ...]) -> bool:
    return (len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 2, 3, 4))) and min(shape) > 0


def _are_labels(header: Header) -> bool:
    if len(header.shape) == 2 and 1 < header.shape[1] <= _MOST_TARGETS:
        return header.dtype.kind in "iubf"
    return len(header.shape) == 1 or (len(header.shape) == 2 and header.shape[1] == 1)


def _image_rank(name: str) -> int:
    return _IMAGE_NAMES.index(name.lower()) if name.lower() in _IMAGE_NAMES else len(_IMAGE_NAMES)


def _read(path: Path, name: str) -> np.ndarray:
    """Return an array with a row per image, without a second dimension of one."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values: np.ndarray = arrays[name]
    except (ValueError, OSError, zipfile.BadZipFile) as problem:
        raise DataError(f"{path}: the array {name!r} cannot be read as plain numbers or text ({problem}).") from problem
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _texts(values: np.ndarray) -> list[str]:
    """Return values as the run will read them: whole numbers are the same labels whatever their dtype."""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "f" and (np.mod(values, 1) == 0).all():
        values = values.astype(np.int64)
    return [str(value) for value in values.tolist()]


def _task(y: str, values: np.ndarray, asks: list[str]) -> tuple[dict[str, Any], Mapping[str, int]]:
    """Return the configuration's `task`, and the examples by class or label; a regression has none."""
    known = values
    if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
        bad = int((~finite.reshape(len(values), -1).all(axis=1)).sum())
        asks.append(f"what becomes of {counted(bad, 'row')} of {y} with NaN or infinity? Take those examples out")
        known = values[finite]
    if values.ndim == 2:
        return _several(y, known, asks)
    if known.dtype.kind == "f" and (np.mod(known, 1) != 0).any():
        return _regression(f"{y} has fractions, which are amounts and no classes"), {}
    texts = _texts(known)
    if are_amounts(texts):
        return _regression(f"{y} has {len(set(texts))} different numbers, more than classes would"), {}
    counts = dict(sorted(Counter(texts).items()))
    return classification(counts), counts


def _several(y: str, values: np.ndarray, asks: list[str]) -> tuple[dict[str, Any], Mapping[str, int]]:
    if not np.isin(values, (0, 1)).all():
        return _regression(f"{y} has several numbers for an image, and not 0 and 1 alone"), {}
    if (values.sum(axis=1) == 1).all():
        asks.append(
            f"can an image have several labels? Every row of {y} has one 1; if not, save {y}.argmax(axis=1) as {y} and "
            "take multi_label and monitor out"
        )
    task: dict[str, Any] = {"kind": "image_classification"}
    put(task, "multi_label", True, f"{y} has a column of 0 and 1 for every label")
    counts = values.sum(axis=0, dtype=np.int64).tolist()
    return task, {f"{y}[{column}]": count for column, count in enumerate(counts)}


def _regression(reason: str) -> dict[str, Any]:
    task: dict[str, Any] = {}
    put(task, "kind", "image_regression", reason)
    return task


def _range(data: dict[str, Any], x: str, header: Header, path: Path, asks: list[str]) -> None:
    """Add the range that becomes 0 to 255 where images do not have that already."""
    if header.dtype == np.uint8 or header.dtype.kind not in "uif":
        return
    low, high, is_finite = value_range(path, x)
    if not is_finite:
        asks.append(f"{x} has NaN or infinity, which no image may have; repair those examples or take them out")
    if low >= 0 and 1 < high <= 255:
        return
    seen = f"becomes 0 to 255; {x} has values from {low:g} to {high:g}"
    if low >= -1 and high <= 1:
        put(data, "intensity", [-1 if low < 0 else 0, 1], seen)
        return
    put(data, "intensity", [whole(low if low < high else 0.0), whole(high)], seen)
    asks.append(f"is {low:g} to {high:g} the range that matters? What lies outside is cut off")


def _group(path: Path, others: Mapping[str, Header], count: int) -> str | None:
    named = [name for name, header in others.items() if _is_a_value_each(header, count) and is_group_name(name)]
    return group_column({name: _texts(_read(path, name)) for name in named}, ())


def _is_a_value_each(header: Header, count: int) -> bool:
    return header.shape in ((count,), (count, 1)) and header.dtype.kind in "iubUSf"


def _unused(names: Sequence[str], others: Mapping[str, Header], count: int) -> list[str]:
    """Return sentences about the arrays of no known use."""
    each = [name for name in names if others[name].shape == (count,) and others[name].dtype.kind in "iubUSf"]
    rest = [name for name in names if name not in each]
    told = [
        f"{name} has a value for every image, and nothing tells its use; if it says which images belong together, "
        f'write "group": "{name}" in data'
        for name in each
    ]
    return told + ([f"arrays not used: {', '.join(rest)}"] if rest else [])
