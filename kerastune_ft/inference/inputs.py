"""Lists images and sounds to predict on: from files, folders, archives, tables, arrays and lines of paths."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kerastune_ft import storage
from kerastune_ft.data.byte_cells import find_input_files
from kerastune_ft.data.files.archive import unpack_archive
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.find import IMAGES, SOUNDS, FileKind, Walk
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.in_memory.written_names import is_written
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.arrays import open_array, read_other_arrays
from kerastune_ft.inference.images import list_images
from kerastune_ft.inference.items import ON_THE_WEB, Item, Listing, escape_name, list_problem, make_file_item
from kerastune_ft.inference.path_lines import read_path_lines
from kerastune_ft.inference.read_options import ReadOptions, choose_column
from kerastune_ft.inference.sounds import list_sounds
from kerastune_ft.storage import path_of_user
from kerastune_ft.wording import first_names

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


class ListArray(Protocol):
    """A function that lists the inputs in an array."""

    def __call__(self, values: np.ndarray, name: str, options: ReadOptions, file: ArrayFile | None = None) -> Listing:
        """Return one item for each input in `values`, which are those of `file` where they come from one.

        `name` is the array's, for the rows and for messages. Raises DataError where the array holds no such inputs.
        """


_LIST_ARRAY: Mapping[FileKind, ListArray] = {IMAGES: list_images, SOUNDS: list_sounds}


def as_list(inputs: Any) -> list[Any]:
    """Return the inputs of a Python program, one or many, as a list; raise ConfigError for other objects."""
    if isinstance(inputs, np.ndarray):
        return list(inputs) if inputs.ndim == 1 and inputs.dtype.kind in "OUS" else [inputs]
    if isinstance(inputs, str | os.PathLike | io.IOBase):
        return [inputs]
    if not isinstance(inputs, Iterable):
        raise ConfigError(
            f"{type(inputs).__name__} cannot be predicted on; give a path, an array, a picture, a DataFrame, or a list "
            "of paths, texts, arrays or pictures"
        )
    return list(inputs)


def list_inputs(inputs: Sequence[Any], options: ReadOptions) -> list[Listing]:
    """Return a listing for each input, in order; an input that cannot be read becomes one item with a problem.

    The rows of the only input, an array, are named as `[2]`; where there are several, by the input too: `[1][2]`. An
    input is a path, an array, or an open file with a path on each line. Raises ConfigError for any other object, for
    no input at all, and for a table or array file of which neither the user nor the run says what to read.
    """
    found = [_list_input(given, number, options) for number, given in enumerate(inputs)]
    if not found:
        raise ConfigError("there is no input to predict on; give at least one")
    return [_name_by_rows(found[0])] if len(found) == 1 and isinstance(inputs[0], np.ndarray) else found


def _name_by_rows(listing: Listing) -> Listing:
    """Return the listing of the only array, without its place before those of its rows."""
    place = _name_place(0)
    items = (replace(item, name=item.name.removeprefix(place) or place) for item in listing.items)
    return replace(listing, items=items)


def _name_place(number: int) -> str:
    return f"[{number}]"


def _list_input(given: Any, number: int, options: ReadOptions) -> Listing:
    if isinstance(given, Item):
        if given.rate is not None and options.file_kind is not SOUNDS:
            return list_problem(given.name, f"is a sound, and the run is about {options.file_kind.noun}s")
        return Listing([given], 1)
    if isinstance(given, io.IOBase):
        return Listing(read_path_lines(given, choose_column(options)), None)
    if isinstance(given, np.ndarray):
        return _LIST_ARRAY[options.file_kind](given, _name_place(number), options)
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(
            f"{type(given).__name__} is no input to predict on; give a path, an array, or a list of paths or of arrays "
            f"of {options.file_kind.noun}s"
        )
    text = os.fsdecode(given)
    try:
        return _list_path(text, path_of_user(text), options)
    except DataError as error:
        return list_problem(text, _format_reason(error, text))
    except OSError as error:
        return list_problem(text, f"cannot be read: {(error.strerror or str(error)).lower()}")


def _list_path(text: str, path: Path, options: ReadOptions) -> Listing:
    name = path.name.lower()
    if not text:
        return list_problem(text, "its name is empty")
    if storage.is_web_address(text):
        return list_problem(text, ON_THE_WEB)
    if path.is_dir():
        return _list_folder(text, path, options)
    local = fetch_to_cache(path, options.cache_directory, options.report)
    if name.endswith(".npz"):
        file, values = open_array(local, options.given, options.cache_directory, options.report)
        return _add_arrays(_LIST_ARRAY[options.file_kind](values, escape_name(text), options, file), file, options)
    if name.endswith(_ARCHIVES) and local.is_file():
        return _list_folder(text, unpack_archive(local, options.cache_directory, options.report), options)
    if is_table(path):
        return _list_table(path, options)
    return Listing([Item(escape_name(text), path=os.fspath(path))], 1)


def _add_arrays(listing: Listing, file: ArrayFile, options: ReadOptions) -> Listing:
    """Return the listing of an array with the other arrays of its file that have a value for each input."""
    return replace(listing, own=read_other_arrays(file, options.given, listing.count or 0))


def _list_folder(text: str, root: Path, options: ReadOptions) -> Listing:
    """List the files of the run's kind in a folder and its subfolders, by the folder's name as the user gave it."""
    walk = Walk(root, is_tolerant=True, takes_refused=True, file_kind=options.file_kind)
    paths = walk.files(root)
    items = [Item(escape_name(os.path.join(text, storage.relative(path, root))), path=path) for path in paths]
    items += [
        Item(escape_name(os.path.join(text, storage.relative(folder, root))), problem=f"cannot be read: {why}")
        for folder, why in walk.unreadable.items()
    ]
    if items:
        notes = tuple(f"{escape_name(text)}: {note}" for note in walk.ignored.notes())
        return Listing(items, len(items), notes)
    return list_problem(text, f"has {options.file_kind.none} in it")


def _list_table(path: Path, options: ReadOptions) -> Listing:
    """List the files that a table names, one for each row, in the order of rows."""
    frame, kind = read_table(path), options.file_kind
    wanted = choose_column(options)
    if wanted is None:
        raise ConfigError(
            f"{path} is a table, and nothing says which of its columns names the {kind.noun}s; give  --input COLUMN, "
            f'or a template such as  --input "{kind.template}".\n'
            f"Its columns are {first_names(frame.columns)}."
        )
    try:
        files = find_input_files(frame, wanted, kind, options.cache_directory, options.report)
    except ConfigError as error:
        place = "--input" if options.given else "the run's own data.input"
        remedy = "" if options.given else "\nName the column of this table with --input."
        raise ConfigError(str(error).replace("data.input", place, 1) + remedy) from error
    absent = f"names no file: its {wanted} is empty"
    paths = files.paths if files.are_cells else [resolve_beside(path, text, options) for text in files.texts]
    items = [
        make_file_item(text, text if storage.is_web_address(text) else file)
        if file
        else Item(frame.name_row(row), problem=absent)
        for row, (text, file) in enumerate(zip(files.texts, paths, strict=True))
    ]
    return Listing(items, len(items), frame.notes, frame.cells)


def resolve_beside(table: Path, text: str, options: ReadOptions) -> str:
    """Return the path of a file as the user would write it; nothing for no text.

    Of a DataFrame, which lies nowhere, names begin where the program works, or else beside the run's own table.
    """
    if not text or storage.is_absolute(text):
        return storage.normal(text) if text else ""
    if is_written(table.name):
        folders = [os.getcwd(), *([] if options.folder is None else [options.folder])]
        found = (storage.normal(os.path.join(folder, text)) for folder in folders)
        return next((path for path in found if storage.exists(path)), storage.normal(os.path.join(folders[-1], text)))
    return storage.normal(os.path.join(table.parent, text))


def _format_reason(error: DataError, text: str) -> str:
    """Return the message of an error about an input in one line, without the input's name."""
    line = " ".join(str(error).split())
    for beginning in ("data.path: ", f"{text} "):
        line = line.removeprefix(beginning)
    return line
