"""Predictions as a DataFrame that fits what was given: with its index, and labels of the type that they came in."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastune_ft.data.in_memory.frames import is_frame
from kerastune_ft.errors import DataError
from kerastune_ft.storage import exists, expand_home, is_web_address

if TYPE_CHECKING:
    import pandas

_TRUTHS = {"0": False, "1": True, "false": False, "true": True}
_LABEL = re.compile(r"label(_\d+)?")
_READERS: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda name: _TRUTHS[name.lower()],
}


def require_file(inputs: Any) -> None:
    """Raise DataError for one path, no text, at which there is nothing."""
    if isinstance(inputs, os.PathLike):
        path = expand_home(os.fsdecode(inputs))
        if not is_web_address(path) and not exists(path):
            raise DataError(f"{os.fsdecode(inputs)} is not there (looked for from {os.getcwd()})")


def raise_alone(inputs: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise DataError for one path alone that is not there: a row with the problem would pass for an answer."""
    if not isinstance(inputs, str) or len(rows) != 1 or not (problem := rows[0].get("error")):
        return
    if not exists(expand_home(inputs)):
        raise DataError(f"{inputs} {problem}")


def build_answers(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], inputs: Any) -> pandas.DataFrame:
    """Return the rows of predictions, with the index of `inputs` where they are a DataFrame or Series, a row each.

    A level of that index that has a name is no column besides, nor is a column of the frame that `input` repeats.
    """
    import pandas

    answers = pandas.DataFrame(list(rows), columns=list(columns))
    index = getattr(inputs, "index", None)
    if not isinstance(index, pandas.Index) or len(index) != len(answers):
        return answers
    own = inputs.columns if is_frame(inputs) else ()
    levels = [name for name in index.names if name is not None and name not in own]
    answers = answers.drop(columns=[name for name in levels if name in answers.columns])
    answers = answers.drop(columns=_find_repeated(answers, inputs) if is_frame(inputs) else [])
    answers.index = index
    if _is_named_by_rows(answers, inputs):
        answers["input"] = [str(label) for label in index]
    return answers


def _find_repeated(answers: pandas.DataFrame, frame: Any) -> list[str]:
    """Return the column of the frame, if there is one, with the very texts or paths that are the inputs."""
    if "input" not in answers:
        return []
    inputs = answers["input"].tolist()
    own = [name for name in frame.columns if name in answers and name != "input"]
    return [name for name in own if answers[name].tolist() == inputs == frame[name].tolist()][:1]


def _is_named_by_rows(answers: pandas.DataFrame, inputs: Any) -> bool:
    """Return whether files in the cells of a DataFrame, which have no name of their own, got that of their rows."""
    if "input" not in answers or not is_frame(inputs):
        return False
    names = answers["input"].tolist()
    is_counted = names == [f"row {number + 1}" for number in range(len(names))]
    return is_counted and not any(names == inputs[name].tolist() for name in inputs.columns)


def give_labels_back(answers: pandas.DataFrame, stored_type: str | None, classes: Sequence[str]) -> pandas.DataFrame:
    """Return answers with labels of the type that they have in the run's data, where every class is of that type.

    What is no class, as the label of an input that cannot be read, stays as it is.
    """
    import pandas

    values = _read_classes(stored_type, classes)
    if not values:
        return answers
    answers = answers.copy(deep=False)
    for name in answers.columns:
        if not isinstance(name, str) or not _LABEL.fullmatch(name):
            continue
        cells = [values.get(cell, cell) if isinstance(cell, str) else cell for cell in answers[name]]
        is_whole = all(isinstance(cell, bool | int | float) and cell == cell for cell in cells)
        answers[name] = pandas.Series(cells, index=answers.index, dtype=None if is_whole else object)
    return answers


def _read_classes(stored_type: str | None, classes: Sequence[str]) -> dict[str, Any]:
    """Return the value of each class by its name; nothing where one of them is no value of the type."""
    read = _READERS.get(stored_type or "")
    try:
        return {name: read(name) for name in classes} if read else {}
    except (ValueError, KeyError):
        return {}
