"""Looking at an .npz file: which of its arrays are the examples, which their labels, and what the others tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.spectrograms import RATE_ARRAY
from kerastune_ft.scaffolding.findings import DataFindings, add_with_reason, classification, divide, whole
from kerastune_ft.scaffolding.sources.array_inputs import array_inputs, as_texts, read_array
from kerastune_ft.scaffolding.sources.columns import are_amounts, group_column, is_group_name
from kerastune_ft.scaffolding.sources.label_columns import regression
from kerastune_ft.scaffolding.sources.npz import Header, value_range
from kerastune_ft.wording import counted

_TRAIN_SHARE = 0.7
_NOUNS = {"image": "image", "audio": "sound", "text": "text"}


def look_at_arrays(path: Path, written: str) -> DataFindings:
    """Return what an .npz file holds; of the images only the range is read, and that only where it may be unusual."""
    inputs = array_inputs(path)
    x, y, found = inputs.x, inputs.y, inputs.headers
    labels, noun = read_array(path, y), _NOUNS[inputs.modality]
    count, size = found[x].shape[0], "x".join(map(str, found[x].shape[1:]))
    data: dict[str, Any] = {"kind": "arrays", "path": written}
    if (x, y) != ("x", "y"):
        add_with_reason(data, "x", x, counted(count, noun) + (f" of {size}" if size else ""))
        data["y"] = y
    asks: list[str] = []
    task, counts = _task(inputs.modality, y, labels, asks)
    if inputs.modality == "image":
        _range(data, x, found[x], path, asks)
    elif inputs.modality == "text":
        _ask_of_empty(path, x, asks)
    elif RATE_ARRAY not in found:
        asks.append(
            f'how many samples a second has {x}? Nothing says it; "sample_rate" in data does, or an array sample_rate'
        )
    others = {name: found[name] for name in found if name not in (x, y, RATE_ARRAY)}
    group = _group(path, others, count)
    if group:
        add_with_reason(data, "group", group, f"no {group} is in two splits")
    divide(data, counts, group)
    sight = DataFindings(task, data, count, int(count * _TRAIN_SHARE), counts, prose=inputs.prose, asks=asks)
    shape = " x ".join(map(str, found[y].shape[1:]))
    sight.seen.append(
        f"arrays: {x} [{count}{f' x {size}' if size else ''}], {y}{f' [{count} x {shape}]' if shape else ''}"
    )
    sight.seen += _unused([name for name in others if name != group], others, count, noun)
    return sight


def _task(modality: str, y: str, values: np.ndarray, asks: list[str]) -> tuple[dict[str, Any], Mapping[str, int]]:
    """Return the configuration's `task`, and the examples by class or label; a regression has none."""
    known = values
    if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
        bad = int((~finite.reshape(len(values), -1).all(axis=1)).sum())
        asks.append(f"what becomes of {counted(bad, 'row')} of {y} with NaN or infinity? Take those examples out")
        known = values[finite]
    if values.ndim == 2:
        return _several(modality, y, known, asks)
    if known.dtype.kind == "f" and (np.mod(known, 1) != 0).any():
        return _regression(modality, f"{y} has fractions, which are amounts and no classes"), {}
    texts = as_texts(known)
    if are_amounts(texts):
        return _regression(modality, f"{y} has {len(set(texts))} different numbers, more than classes would"), {}
    counts = dict(sorted(Counter(texts).items()))
    return classification(counts, modality), counts


def _several(modality: str, y: str, values: np.ndarray, asks: list[str]) -> tuple[dict[str, Any], Mapping[str, int]]:
    if not np.isin(values, (0, 1)).all():
        return _regression(modality, f"{y} has several numbers for an example, and not 0 and 1 alone"), {}
    if (values.sum(axis=1) == 1).all():
        asks.append(
            f"can an example have several labels? Every row of {y} has one 1; if not, save {y}.argmax(axis=1) as {y} "
            "and take multi_label and monitor out"
        )
    task: dict[str, Any] = {"kind": f"{modality}_classification"}
    add_with_reason(task, "multi_label", True, f"{y} has a column of 0 and 1 for every label")
    counts = values.sum(axis=0, dtype=np.int64).tolist()
    return task, {f"{y}[{column}]": count for column, count in enumerate(counts)}


def _regression(modality: str, reason: str) -> dict[str, Any]:
    task: dict[str, Any] = {}
    add_with_reason(task, "kind", regression(modality, reason), reason)
    return task


def _ask_of_empty(path: Path, x: str, asks: list[str]) -> None:
    values = read_array(path, x)
    empty = int((np.char.str_len(np.char.strip(values)) == 0).reshape(len(values), -1).any(axis=1).sum())
    if empty:
        asks.append(f"{counted(empty, 'row')} of {x} have an empty text; take those examples out")


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
        add_with_reason(data, "intensity", [-1 if low < 0 else 0, 1], seen)
        return
    add_with_reason(data, "intensity", [whole(low if low < high else 0.0), whole(high)], seen)
    asks.append(f"is {low:g} to {high:g} the range that matters? What lies outside is cut off")


def _group(path: Path, others: Mapping[str, Header], count: int) -> str | None:
    named = [name for name, header in others.items() if _is_a_value_each(header, count) and is_group_name(name)]
    return group_column({name: as_texts(read_array(path, name)) for name in named}, ())


def _is_a_value_each(header: Header, count: int) -> bool:
    return header.shape in ((count,), (count, 1)) and header.dtype.kind in "iubUSf"


def _unused(names: Sequence[str], others: Mapping[str, Header], count: int, noun: str) -> list[str]:
    """Return sentences about the arrays of no known use."""
    each = [name for name in names if others[name].shape == (count,) and others[name].dtype.kind in "iubUSf"]
    rest = [name for name in names if name not in each]
    told = [
        f"{name} has a value for every {noun}, and nothing tells its use; if it says which {noun}s belong together, "
        f'write "group": "{name}" in data'
        for name in each
    ]
    return told + ([f"arrays not used: {', '.join(rest)}"] if rest else [])
