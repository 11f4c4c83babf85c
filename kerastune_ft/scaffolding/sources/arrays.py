"""Inspecting an .npz file: its arrays of examples, of labels, and the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.spectrograms import RATE_ARRAY
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT
from kerastune_ft.data.files.npz import Header
from kerastune_ft.data.images.value_range import FULL, Values, find_kind, judge
from kerastune_ft.data.labels.spelling import normalise, plain_form
from kerastune_ft.data.texts.blank import is_blank
from kerastune_ft.scaffolding.findings import (
    DataFindings,
    add_splits,
    add_with_reason,
    classification_task,
    short_number,
)
from kerastune_ft.scaffolding.sources.array_inputs import as_texts, find_array_inputs, read_array
from kerastune_ft.scaffolding.sources.array_splits import (
    ask_about_other_splits,
    ask_about_split_array,
    find_other_splits,
)
from kerastune_ft.scaffolding.sources.columns import are_amounts, find_group_column, is_group_name, is_split_name
from kerastune_ft.scaffolding.sources.label_columns import ask_about_labels, regression_kind
from kerastune_ft.scaffolding.sources.npz import value_range
from kerastune_ft.wording import counted

_TRAIN_SHARE = 0.7
_NOUNS = {IMAGE: "image", AUDIO: "sound", TEXT: "text"}


def inspect_arrays(path: Path, written: str) -> DataFindings:
    """Inspect an .npz file; image arrays are only read to find their intensity range, if it may be unusual."""
    inputs = find_array_inputs(path)
    x, y, found = inputs.x, inputs.y, inputs.headers
    labels, noun = read_array(path, y), _NOUNS[inputs.modality]
    count, size = found[x].shape[0], "x".join(map(str, found[x].shape[1:]))
    data: dict[str, Any] = {"kind": "arrays", "path": written}
    if (x, y) != ("x", "y"):
        add_with_reason(data, "x", x, counted(count, noun) + (f" of {size}" if size else ""))
        data["y"] = y
    asks: list[str] = []
    task, counts = _choose_task(inputs.modality, y, labels, asks)
    _INSPECT[inputs.modality](path, x, found, data, asks)
    others = {name: found[name] for name in found if name not in (x, y, RATE_ARRAY)}
    group = _find_group(path, others, count)
    if group:
        add_with_reason(data, "group", group, f"no {group} is in two splits")
    add_splits(data, counts, group)
    findings = DataFindings(task, data, count, int(count * _TRAIN_SHARE), counts, prose=inputs.prose, asks=asks)
    shape = " x ".join(map(str, found[y].shape[1:]))
    findings.seen.append(
        f"arrays: {x} [{count}{f' x {size}' if size else ''}], {y}{f' [{count} x {shape}]' if shape else ''}"
    )
    apart = find_other_splits(x, y, found)
    findings.asks += ask_about_other_splits(written, x, y, apart)
    used = {group, *(name for pair in apart.values() for name in pair)}
    for name in [name for name in others if is_split_name(name) and _is_a_value_each(others[name], count)]:
        used.add(name)
        findings.asks.append(ask_about_split_array(written, x, y, name, as_texts(read_array(path, name))))
    findings.seen += _note_unused([name for name in others if name not in used], others, count, noun)
    return findings


def _choose_task(
    modality: str, y: str, values: np.ndarray, asks: list[str]
) -> tuple[dict[str, Any], Mapping[str, int]]:
    """Return the `task`, and the examples by class or label (none for regression)."""
    known = values
    if values.dtype.kind == "f" and not (finite := np.isfinite(values)).all():
        bad = int((~finite.reshape(len(values), -1).all(axis=1)).sum())
        asks.append(f"{counted(bad, 'row')} of {y} have NaN or infinity; can those examples be removed?")
        known = values[finite]
    if values.ndim == 2:
        return _multi_label_task(modality, y, known, asks)
    if known.dtype.kind == "f" and (np.mod(known, 1) != 0).any():
        return _regression_task(modality, f"{y} has fractions, which are amounts and not classes"), {}
    texts = as_texts(known)
    if are_amounts(texts):
        return _regression_task(modality, f"{y} has {len(set(texts))} different numbers, too many for classes"), {}
    counts = dict(sorted(Counter(map(normalise, texts)).items()))
    if empty := sum(count for text, count in counts.items() if not plain_form(text)):
        asks.append(f"{counted(empty, 'row')} of {y} have an empty label; take these examples out")
        counts = {text: count for text, count in counts.items() if plain_form(text)}
    if question := ask_about_labels(y, counts, texts, "correct the labels"):
        asks.append(question)
    return classification_task(counts, modality), counts


def _multi_label_task(
    modality: str, y: str, values: np.ndarray, asks: list[str]
) -> tuple[dict[str, Any], Mapping[str, int]]:
    if not np.isin(values, (0, 1)).all():
        return _regression_task(modality, f"{y} has several numbers per example, not only 0 and 1"), {}
    if (values.sum(axis=1) == 1).all():
        asks.append(
            f"can an example have several labels? Every row of {y} has one 1; if not, save {y}.argmax(axis=1) as {y} "
            "and remove multi_label and monitor"
        )
    task: dict[str, Any] = {"kind": f"{modality}_classification"}
    add_with_reason(task, "multi_label", True, f"{y} has a column of 0 and 1 per label")
    counts = values.sum(axis=0, dtype=np.int64).tolist()
    return task, {f"{y}[{column}]": count for column, count in enumerate(counts)}


def _regression_task(modality: str, reason: str) -> dict[str, Any]:
    task: dict[str, Any] = {}
    add_with_reason(task, "kind", regression_kind(modality, reason), reason)
    return task


def _ask_about_empty(path: Path, x: str, headers: Mapping[str, Header], data: dict[str, Any], asks: list[str]) -> None:
    values = read_array(path, x)
    empty = sum(any(map(is_blank, row)) for row in values.reshape(len(values), -1).tolist())
    if empty:
        asks.append(f"{counted(empty, 'row')} of {x} have an empty text; remove those examples")


def _ask_about_rate(path: Path, x: str, headers: Mapping[str, Header], data: dict[str, Any], asks: list[str]) -> None:
    if RATE_ARRAY not in headers:
        asks.append(f'what is the sample rate of {x}? Write "sample_rate" in data, or add an array sample_rate')


def _add_range(path: Path, x: str, headers: Mapping[str, Header], data: dict[str, Any], asks: list[str]) -> None:
    """Add `intensity` if the images do not already have values from 0 to 255."""
    header = headers[x]
    if header.dtype.kind not in "uif":
        return
    low, high, is_finite = value_range(path, x)
    if not is_finite:
        asks.append(f"{x} has NaN or infinity, which images must not have; repair or remove those examples")
    verdict = judge(Values(find_kind(header.dtype), low, high), None)
    if verdict.problem is None and verdict.doubt is None:
        return
    seen = f"mapped to 0 to 255; {x} has values from {low:g} to {high:g}"
    if low >= -1 and high <= 1:
        add_with_reason(data, "intensity", [-1 if low < 0 else 0, 1], seen)
        return
    low = min(low, 0.0) if high <= FULL[1] else low
    add_with_reason(data, "intensity", [short_number(low if low < high else 0.0), short_number(high)], seen)
    asks.append(f"is {low:g} to {high:g} the range that matters? Values outside are clipped")


# By modality, what is inspected of the array of examples.
_INSPECT: Mapping[str, Callable[[Path, str, Mapping[str, Header], dict[str, Any], list[str]], None]] = {
    IMAGE: _add_range,
    TEXT: _ask_about_empty,
    AUDIO: _ask_about_rate,
}


def _find_group(path: Path, others: Mapping[str, Header], count: int) -> str | None:
    named = [name for name, header in others.items() if _is_a_value_each(header, count) and is_group_name(name)]
    return find_group_column({name: as_texts(read_array(path, name)) for name in named}, ())


def _is_a_value_each(header: Header, count: int) -> bool:
    return header.shape in ((count,), (count, 1)) and header.dtype.kind in "iubUSf"


def _note_unused(names: Sequence[str], others: Mapping[str, Header], count: int, noun: str) -> list[str]:
    """Return notes about arrays without a known use."""
    each = [name for name in names if others[name].shape == (count,) and others[name].dtype.kind in "iubUSf"]
    rest = [name for name in names if name not in each]
    notes = [
        f"{name} has a value per {noun} of unknown use; if it says which {noun}s belong together, "
        f'write "group": "{name}" in data'
        for name in each
    ]
    return notes + ([f"arrays not used: {', '.join(rest)}"] if rest else [])
