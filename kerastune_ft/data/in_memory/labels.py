"""Labels in memory: one for each example, or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.in_memory.values import as_values, is_missing, name_type
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted, first_names

_SHOWN = 5


def read_labels(label: Any, count: int, noun: str, several: bool = False) -> list[Any] | np.ndarray:
    """Return labels as a list of `count`, or an array [count, labels] of numbers.

    Rows of which each has exactly one 1 are classes, by their number, unless `several` says that an example may have
    several labels. Raises ConfigError for what is no labels, and DataError where there are not as many as examples, or
    some are missing or of other types than the rest.
    """
    if label is None:
        raise ConfigError(f"label: {counted(count, noun)} without labels; give one for each, as  label=[...]")
    if isinstance(label, str | bytes | Mapping):
        raise ConfigError(f"label: {label!r} is one label, and there are {counted(count, noun)}; give one for each")
    values = as_values(label)
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if isinstance(values, np.ndarray) and values.ndim not in (1, 2):
        raise ConfigError(f"label: an array of shape {list(values.shape)} is no labels; give [{count}], one for each")
    if not isinstance(values, np.ndarray | Sequence):
        raise ConfigError(f"label: {name_type(label)} is no list of labels; give a list or an array")
    check_count(values, count, noun)
    if isinstance(values, np.ndarray) and values.ndim == 2:
        return _read_rows(values, several)
    return _read_list(values.tolist() if isinstance(values, np.ndarray) else list(values))


def check_count(label: Any, count: int, noun: str) -> None:
    """Raise DataError for labels that are not as many as examples; for what is no list of labels nothing is said."""
    if hasattr(label, "__len__") and not isinstance(label, str | bytes | Mapping) and len(label) != count:
        raise DataError(f"label: {counted(len(label), 'label')} for {counted(count, noun)}; give one for each")


def _read_rows(values: np.ndarray, several: bool) -> list[Any] | np.ndarray:
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"label: an array of {values.dtype} with several columns is no labels; give numbers, or 0 and 1"
        )
    if values.dtype.kind == "f" and (bad := np.flatnonzero(np.isnan(values).any(axis=1))).size:
        raise DataError(f"label: {_name_places(bad.tolist())} of the labels have NaN; take these examples out")
    if not several and np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all():
        classes: list[Any] = values.argmax(axis=1).tolist()
        return classes
    return values.astype(np.int64) if values.dtype.kind == "b" else values


def _read_list(values: list[Any]) -> list[Any]:
    read = [_read_one(value) for value in values]
    if missing := [row for row, value in enumerate(read) if is_missing(value)]:
        raise DataError(
            f"label: {_name_places(missing)} of {counted(len(read), 'label')} are missing; write the labels, or take "
            "these examples out"
        )
    kinds: dict[str, int] = {}
    for row, value in enumerate(read):
        kinds.setdefault(_kind_of(value, row), row)
    if len(kinds) > 1:
        listed = " and ".join(f"{read[row]!r} at [{row}]" for row in kinds.values())
        raise DataError(f"label: labels of different types: {listed}; make all of them words, or all numbers")
    are_mixed = len({isinstance(value, bool) for value in read}) > 1
    return [int(value) if isinstance(value, bool) else value for value in read] if are_mixed else read


def _read_one(value: Any) -> Any:
    value = as_values(value) if hasattr(value, "shape") else value
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return [*value] if isinstance(value, list | tuple | set | frozenset) else value


def _kind_of(value: Any, row: int) -> str:
    if isinstance(value, str):
        return "word"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return "list"
    raise DataError(f"label: [{row}] is a {name_type(value)}; a label is a word, a number, or a list of words")


def _name_places(rows: Sequence[int]) -> str:
    return first_names([f"[{row}]" for row in rows], _SHOWN)
