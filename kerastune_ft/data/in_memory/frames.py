"""DataFrames as columns of a table, each cell as exact as a file can hold it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.in_memory.labels import read_labels
from kerastune_ft.data.in_memory.lists import are_there, end_like_files, label_columns, locate
from kerastune_ft.data.in_memory.messages import is_dialogue, write_dialogue
from kerastune_ft.data.in_memory.parts import Columns
from kerastune_ft.data.in_memory.pictures import encode_picture, is_picture
from kerastune_ft.data.in_memory.sounds import encode_sound, is_sound
from kerastune_ft.data.in_memory.values import as_array, is_missing
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted, first_names

_NAME = "table"


def is_frame(given: Any) -> bool:
    """Return whether an object is a DataFrame of pandas, or a table that can become one."""
    return hasattr(given, "to_pandas") or (hasattr(given, "columns") and hasattr(given, "iloc"))


def as_frame(given: Any) -> Any:
    """Return a table of polars, Arrow or Hugging Face as a DataFrame of pandas; one of pandas as it is."""
    return given.to_pandas() if hasattr(given, "to_pandas") else given


def collect_frame(given: Any, label: Any, several: bool) -> Columns:
    """Return the columns of a DataFrame; `label` names columns of it, or holds the labels of its rows.

    Raises ConfigError for a frame whose columns cannot be told apart, and DataError for one without rows.
    """
    frame = _name_index(as_frame(given))
    names = _name_columns(frame)
    if not len(frame) or not names:
        raise DataError(f"data: the DataFrame has {counted(len(frame), 'row')} and {counted(len(names), 'column')}")
    chosen, labels = _choose_labels(frame, names, label, several)
    cells: dict[str, Sequence[Any]] = {}
    notes: list[str] = []
    for at, name in enumerate(names):
        found = _read_column(frame.iloc[:, at], name, notes)
        if found is not None:
            cells[name] = found
    if notes and not set(cells) - set(chosen):
        raise DataError(f"data: nothing is left to learn from; {'; '.join(notes)}")
    for name, column in labels.items():
        cells[_name_apart(name, cells)] = column
    return Columns(_NAME, cells, label=tuple(chosen or list(cells)[len(cells) - len(labels) :]), notes=tuple(notes))


def _name_index(frame: Any) -> Any:
    """Return a frame with the levels of its index that have a name, as ids have, as columns too."""
    named = [level for level in frame.index.names if level is not None and level not in frame.columns]
    return frame.reset_index(level=named) if named else frame


def _name_columns(frame: Any) -> list[str]:
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise ConfigError(
            "data: the DataFrame has several levels of columns; name each once, as  df.columns = "
            "['_'.join(map(str, name)) for name in df.columns]"
        )
    names = [str(name) for name in frame.columns]
    if double := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ConfigError(f"data: the DataFrame has columns of the same name: {first_names(double)}; give each its own")
    return names


def _choose_labels(
    frame: Any, names: Sequence[str], label: Any, several: bool
) -> tuple[list[str], Mapping[str, list[Any]]]:
    """Return the names of the label columns, or no names and the labels of the rows as columns."""
    if label is None:
        return [], {}
    if isinstance(label, int) and label in frame.columns:
        label = str(label)
    if isinstance(label, str):
        # A name that is none of them is said where the table is looked at, with the nearest.
        return [label], {}
    are_words = isinstance(label, list | tuple) and bool(label) and all(isinstance(name, str) for name in label)
    if are_words and (set(label) <= set(names) or len(label) != len(frame)):
        return list(label), {}
    index = getattr(label, "index", None)
    if hasattr(label, "to_numpy") and index is not None and not index.equals(frame.index):
        raise ConfigError(
            "label: the labels have another index than the DataFrame, so that it is unclear which are whose; put them "
            "into a column of it, or give  label.to_numpy()  where they are in the same order"
        )
    return [], label_columns(read_labels(label, len(frame), "row", several))


def _name_apart(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name = f"{name}_"
    return name


def _read_column(series: Any, name: str, notes: list[str]) -> Sequence[Any] | None:
    """Return the cells of a column as Parquet holds them; None, with a note, for objects that no file holds."""
    kind = getattr(series.dtype, "kind", "O")
    if hasattr(series.dtype, "categories"):
        series = series.astype(series.dtype.categories.dtype if series.dtype.categories.dtype != object else object)
        kind = getattr(series.dtype, "kind", "O")
    if kind in "biuf" and not hasattr(series.dtype, "subtype") and not hasattr(series.dtype, "na_value"):
        values = series.to_numpy()
        # As a Python float, 0.1 of 32 bits would read 0.10000000149011612.
        is_short = kind == "f" and values.dtype.itemsize < 8
        listed = [float(str(value)) for value in values] if is_short else values.tolist()
        return [None if is_missing(value) else value for value in listed]
    cells = [None if is_missing(value) else _as_plain(value) for value in series.tolist()]
    return _read_objects(cells, name, notes)


def _as_plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else as_array(value)


def _read_objects(cells: list[Any], name: str, notes: list[str]) -> Sequence[Any] | None:
    given = [cell for cell in cells if cell is not None]
    if not given or all(isinstance(cell, str) for cell in given):
        return _read_words(cells, given, name, notes)
    for is_one, read in _READERS:
        if all(map(is_one, given)):
            return [None if cell is None else read(cell, f'data["{name}"][{row}]') for row, cell in enumerate(cells)]
    if all(isinstance(cell, str | int | float | bytes) for cell in given):
        notes.append(f'the column "{name}" holds words and numbers, which are read as words')
        return [None if cell is None else _as_word(cell) for cell in cells]
    if all(_is_plain(cell) for cell in given):
        return [None if cell is None else str(cell) for cell in cells]
    notes.append(f'the column "{name}" is left out: it holds objects ({type(given[0]).__name__})')
    return None


def _read_words(cells: list[Any], given: list[str], name: str, notes: list[str]) -> list[Any]:
    """Return words, as absolute paths where most of them lead to files from the working directory."""
    if are_there(given):
        return [None if cell is None else locate(cell) for cell in cells]
    if end_like_files(given):
        notes.append(
            f'the column "{name}" names files, such as {given[0]}, that are not there from {os.getcwd()}; where they '
            f'lie is said as  data={{"path": df, "input": "photos/{{{name}}}"}}'
        )
    return cells


def _as_word(cell: Any) -> str:
    return cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else str(cell)


def _is_plain(cell: Any) -> bool:
    """Return whether the text of an object follows from its value, as of a date or a decimal number."""
    return type(cell).__str__ is not object.__str__ and type(cell).__module__.split(".")[0] in (
        "pandas", "datetime", "decimal", "uuid", "fractions", "numpy",
    )  # fmt: skip


def _is_file_object(cell: Any) -> bool:
    return isinstance(cell, Mapping) and bool(cell) and set(cell) <= {"bytes", "path"}


def _read_file_object(cell: Any, place: str) -> dict[str, Any]:
    path = cell.get("path")
    return {"bytes": cell.get("bytes"), "path": locate(path) if path and not cell.get("bytes") else path}


def _is_label_list(cell: Any) -> bool:
    values = cell.tolist() if isinstance(cell, np.ndarray) and cell.ndim == 1 else cell
    return isinstance(values, list | tuple | set) and all(isinstance(one, str | int | float) for one in values)


def _read_label_list(cell: Any, place: str) -> list[str]:
    return [str(one) for one in (sorted(cell) if isinstance(cell, set) else cell)]


_READERS: Sequence[tuple[Any, Any]] = (
    (is_picture, encode_picture),
    (is_sound, encode_sound),
    (_is_file_object, _read_file_object),
    (lambda cell: isinstance(cell, np.ndarray) and cell.ndim > 1, encode_picture),
    (_is_label_list, _read_label_list),
    (is_dialogue, write_dialogue),
    (lambda cell: isinstance(cell, bytes), lambda cell, place: cell),
    (lambda cell: isinstance(cell, bool), lambda cell, place: cell),
    (lambda cell: isinstance(cell, int | float), lambda cell, place: cell),
    (lambda cell: isinstance(cell, os.PathLike), lambda cell, place: locate(cell)),
)
