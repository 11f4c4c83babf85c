"""Which form data in memory have, and how they become a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.in_memory.arrays import collect_arrays, stack_arrays
from kerastune_ft.data.in_memory.datasets import collect_dataset, is_dataset
from kerastune_ft.data.in_memory.frames import as_frame, collect_frame, is_frame
from kerastune_ft.data.in_memory.lists import collect_list
from kerastune_ft.data.in_memory.messages import is_dialogue, is_message
from kerastune_ft.data.in_memory.parts import Parts
from kerastune_ft.data.in_memory.sounds import is_sound
from kerastune_ft.data.in_memory.values import as_array, as_values, is_iterator, name_type
from kerastune_ft.errors import ConfigError

FORMS = (
    "a folder, an archive, a table or an .npz file, a DataFrame, arrays with labels, a list of files, texts or "
    "pictures with labels, lists of messages, or a tf.data.Dataset"
)


def is_in_memory(given: Any) -> bool:
    """Return whether data are held by the program, and are no name of a place."""
    return not isinstance(given, str | os.PathLike)


def collect(given: Any, label: Any, several: bool = False) -> Parts:
    """Return data of a program as parts that can be written; `label` holds their labels, or names columns of them.

    `several` says that an example may have several labels. Raises ConfigError for objects that are no data, and
    DataError for data that cannot be used.
    """
    given = as_array(given) if not is_frame(given) else given
    if is_dataset(given):
        _refuse_label(label, "a dataset has its own labels: pairs of example and label")
        return collect_dataset(given, several)
    if is_frame(given):
        return collect_frame(given, label, several)
    if isinstance(given, Mapping):
        return _collect_mapping(given, label, several)
    if _is_pair_of_parts(given) and label is None:
        if all(map(_is_pair_of_parts, given)):
            raise ConfigError(
                "data: two pairs of examples and labels; give those to learn from, as  kt.fine_tune(train_pair),  and "
                "measure on the others, as  run.evaluate(test_pair)"
            )
        given, label = given
        return collect(given, label, several)
    if isinstance(given, np.ndarray):
        if given.dtype.kind in "OUS" and given.ndim in (1, 2):
            return collect_list(_decode(given), label, several)
        return stack_arrays(given, label, several)
    if isinstance(given, Sequence) and not isinstance(given, bytes | bytearray):
        if (rows := _find_rows(given)) is not None:
            return collect_frame(rows, label, several)
        return collect_list(given, label, several)
    values = as_values(given)
    if isinstance(values, np.ndarray) and values is not given:
        return collect(values, label, several)
    raise ConfigError(_explain_unusable(given))


def _collect_mapping(given: Mapping[str, Any], label: Any, several: bool) -> Parts:
    """Return columns by name, or arrays by name."""
    if not given:
        raise ConfigError("data is empty")
    if label is None and ({"x", "y"} & set(given)) and any(np.ndim(as_values(value)) > 1 for value in given.values()):
        return collect_arrays(given, several)
    import pandas

    try:
        frame = pandas.DataFrame({str(name): _as_frame_column(value) for name, value in given.items()})
    except ValueError as problem:
        raise ConfigError(f"data: the columns {', '.join(map(str, given))} are no table: {problem}") from problem
    return collect_frame(frame, label, several)


def _find_rows(given: Sequence[Any]) -> Any:
    """Return a DataFrame of objects that are rows, or of dialogues; None where examples are something else.

    Raises ConfigError for one dialogue, whose messages are no examples.
    """
    if given and all(map(is_message, given)):
        raise ConfigError("data: one list of messages is one dialogue; give a list of such lists")
    are_dialogues = bool(given) and all(map(is_dialogue, given)) and any(map(len, given))
    if not are_dialogues and not (given and all(isinstance(one, Mapping) and not is_sound(one) for one in given)):
        return None
    import pandas

    return pandas.DataFrame({"messages": list(given)} if are_dialogues else list(given))


def _as_frame_column(value: Any) -> Any:
    """Return a column for a DataFrame, in which an array of several dimensions is a list of arrays."""
    values = as_frame(value) if hasattr(value, "to_pandas") else as_values(value)
    return list(values) if isinstance(values, np.ndarray) and values.ndim > 1 else values


def _is_pair_of_parts(given: Any) -> bool:
    """Return whether data are a tuple of examples and labels, and not two examples."""
    return isinstance(given, tuple) and len(given) == 2 and all(_is_long(one) for one in given)


def _is_long(one: Any) -> bool:
    return not isinstance(one, str | bytes | Mapping) and hasattr(one, "__len__")


def _decode(values: np.ndarray) -> list[Any]:
    listed: list[Any] = values.tolist()
    return [one.decode("utf-8", "backslashreplace") if isinstance(one, bytes) else one for one in listed]


def _refuse_label(label: Any, why: str) -> None:
    if label is not None:
        raise ConfigError(f"label: {why}; leave label out")


def _explain_unusable(given: Any) -> str:
    if is_iterator(given):
        return (
            f"data: {name_type(given)} can be read once, and a run has to find its data again; give a list, as "
            "list(data), or a tf.data.Dataset"
        )
    if hasattr(given, "__getitem__") and hasattr(given, "__len__"):
        return (
            f"data: {name_type(given)} is none of the forms that are read; collect its examples and labels first, as  "
            "kt.fine_tune([example for example, _ in data], [label for _, label in data])"
        )
    return f"data: {name_type(given)} is no data; give {FORMS}"
