"""The data that a call is given: the place where they lie, or where what is in memory was written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerastune_ft.api.arguments import plain
from kerastune_ft.data.in_memory.collect import collect, is_in_memory
from kerastune_ft.data.in_memory.frames import is_frame
from kerastune_ft.data.in_memory.parts import WrittenData
from kerastune_ft.data.in_memory.written_names import describe_form
from kerastune_ft.errors import ConfigError, reword_errors
from kerastune_ft.scaffolding.propose import name_of
from kerastune_ft.storage import expand_home, path_of_user, require_data
from kerastune_ft.streams import say

# Keys that only the configuration's `data` has; other objects hold the data themselves.
_PLACES = ("path", "kind")
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class GivenData:
    """Where data lie, and what is known of them."""

    place: Path
    name: str
    """The name of a run on them."""
    label: Sequence[str] = ()
    """The columns of labels, where they are known."""
    input: str | Sequence[str] | None = None
    """The columns of inputs, where they are known."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Other keys of the configuration's `data`."""
    called: str = ""
    """The words for data in memory; nothing for data at a path."""


def find_data(data: Any, label: Any, directory: str | os.PathLike[str], several: bool = False) -> GivenData:
    """Return where the data of a call lie, after writing those in memory to a file below `directory`.

    `data` is a path, data in memory, or an object with the keys of the configuration's `data`, whose `path` may be
    either. Raises ConfigError and DataError for what is none of these.
    """
    _refuse_unknown_key(data)
    options = dict(data) if _is_section(data) else {"path": data}
    if "path" not in options and "name" in options:
        raise ConfigError(
            "data: nothing is guessed about data sets of TensorFlow Datasets; give  kt.run  a configuration with them, "
            "or their examples, as  tfds.load(name, split=..., as_supervised=True)"
        )
    if "path" not in options:
        raise ConfigError('data: nothing says where the data are; give  data={"path": "photos", ...}')
    given = options.pop("path")
    columns = options.pop("label", None)
    if label is None:
        label = columns
    elif columns is not None:
        raise ConfigError("label is given twice: as an argument, and in data; give one of them")
    if isinstance(label, Mapping):
        # A column of several labels in a cell, with what stands between them.
        options["label"], label = label, label.get("column")
    if not is_in_memory(given):
        return _find_place(given, label, options)
    written = collect(given, label, several).write(directory)
    _say(written)
    if isinstance(options.get("input"), str) and "{" in options["input"]:
        # From the working directory, as the user sees it, and not from that of the file.
        options["input"] = os.path.abspath(options["input"])
    options |= _write_splits(options.get("splits"), label, directory, several)
    own = written.input if written.input is not None else options.get("input")
    return GivenData(written.path, written.name, written.label, own, plain(options), describe_form(written.name))


def _refuse_unknown_key(data: Any) -> None:
    """Raise ConfigError for an object without `path` that holds a DataFrame, which is no column."""
    if isinstance(data, Mapping) and "path" not in data:
        for key in (key for key, value in data.items() if is_frame(value)):
            raise ConfigError(f'data has no key {key!r} for a DataFrame; did you mean "path"?')


def _is_section(data: Any) -> bool:
    """Return whether an object has the keys of the configuration's `data`, and not the data themselves."""
    if not isinstance(data, Mapping):
        return False
    return any(key in data for key in _PLACES) or (bool(data) and not any(map(_holds_several, data.values())))


def _holds_several(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str)


def _find_place(given: Any, label: Any, options: Mapping[str, Any]) -> GivenData:
    if not os.fspath(given):
        raise ConfigError("data is empty; give a folder, an archive, a table or an .npz file")
    place = path_of_user(given)
    return GivenData(place, name_of(place), _list_columns(label), options.get("input"), plain(options))


def _list_columns(label: Any) -> list[str]:
    if label is None:
        return []
    columns = [label] if isinstance(label, str) else label
    if not isinstance(columns, list | tuple) or not all(isinstance(name, str) for name in columns):
        raise ConfigError(
            f'label: {type(label).__name__} names no column of what data names; give one, as label="finding", or a '
            "list of them"
        )
    return list(columns)


def _write_splits(splits: Any, label: Any, directory: str | os.PathLike[str], several: bool) -> dict[str, Any]:
    """Return `splits` with the names of files in the place of tables in memory, which are written beside the first."""
    if not isinstance(splits, Mapping):
        return {}
    written = {
        split: collect(given, label, several).write(directory)
        for split, given in splits.items()
        if split in _SPLITS and hasattr(given, "columns")
    }
    for one in written.values():
        _say(one)
    return {"splits": {**splits, **{split: one.path.name for split, one in written.items()}}} if written else {}


def _say(written: WrittenData) -> None:
    for note in written.notes:
        say(note)
    if written.is_new:
        say(f"the data were written to {written.path}, which the configuration names")


def find_other_data(data: Any, held: contextlib.ExitStack, words: dict[str, str]) -> Path:
    """Return where other data lie; those in memory are written to a folder that is there until `held` is closed.

    `words` receives what these are called. Raises DataError for a path at which there is nothing.
    """
    if not is_in_memory(data):
        return require_data(expand_home(data), "--data")
    with reword_errors(lambda said: said.replace("as  label=[...]", "as  run.evaluate((x, y))")):
        written = collect(data, None).write(held.enter_context(tempfile.TemporaryDirectory()))
    words[str(written.path)] = describe_form(written.name)
    return written.path
