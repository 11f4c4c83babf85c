"""What there is to predict on: files, folders, archives, tables, arrays and lists of paths, each a listing of items."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft import storage
from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.files.archive import unpack_archive
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.find import IMAGES, SOUNDS, TEXTS, FileKind, Walk
from kerastune_ft.data.images.intensity import Intensity
from kerastune_ft.data.sounds.sound_arrays import MODEL_RATE, rate_of
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.arrays import list_images, open_array
from kerastune_ft.inference.items import Item, Listing, escape_name, list_problem
from kerastune_ft.inference.path_lines import read_path_lines
from kerastune_ft.inference.sounds import list_sounds
from kerastune_ft.storage import path_of
from kerastune_ft.wording import first_names

_SOUGHT = {"audio": SOUNDS, "image": IMAGES, "text": TEXTS}
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class ReadOptions:
    """How inputs that hold more than one image are read."""

    given: str | None
    """The column, key, template or name of an array that the user names; None leaves it to the run."""
    own: str | tuple[str, str] | None
    """The column or template that the run's own table has; two columns for pairs of texts."""
    intensity: Intensity
    file_kind: FileKind
    cache_directory: Path
    report: Callable[[str], None]
    sample_rate: int | None = None
    """Samples a second of sounds in an .npz file that does not say it."""


def read_options(
    config: RunConfig,
    given: str | None,
    cache_directory: Path,
    report: Callable[[str], None],
    model_rate: int | None = None,
) -> ReadOptions:
    """Return how inputs of a run are read; `given` is what the user names, `model_rate` that of sounds."""
    data = config.data
    own = data.input if data.kind == "table" else None
    intensity = None if data.intensity == "auto" else data.intensity
    # As training and evaluation read such files.
    rate = data.sample_rate if isinstance(data, ArraysData) else model_rate
    return ReadOptions(given, own, intensity, _SOUGHT[facts(config.task).modality], cache_directory, report, rate)


def choose_column(how: ReadOptions) -> str | None:
    """Return the column, key or template that names images, where anything says it."""
    return how.given or (how.own if isinstance(how.own, str) else None)


def as_list(inputs: Any) -> list[Any]:
    """Return what a Python program gives as one input or many as a list of inputs."""
    if isinstance(inputs, np.ndarray):
        return list(inputs) if inputs.ndim == 1 and inputs.dtype.kind in "OUS" else [inputs]
    if isinstance(inputs, str | os.PathLike | io.IOBase):
        return [inputs]
    if hasattr(inputs, "columns") or not isinstance(inputs, Iterable):
        raise ConfigError(
            f"{type(inputs).__name__} is no input to predict on; give a path, a list of paths (of a frame, its column "
            "of paths), or a numpy array of images"
        )
    return list(inputs)


def list_inputs(inputs: Iterable[Any], how: ReadOptions) -> list[Listing]:
    """Return what each input holds; one that cannot be read is an item with a problem.

    Raise ConfigError for what no input can be, and for a table or array file that nothing says how to read.
    """
    found = [_list_input(given, number, how) for number, given in enumerate(inputs)]
    if not found:
        raise ConfigError("there is no input to predict on; give at least one")
    return found


def _list_input(given: Any, number: int, how: ReadOptions) -> Listing:
    if isinstance(given, io.IOBase):
        return Listing(read_path_lines(given, choose_column(how)), None)
    if isinstance(given, np.ndarray):
        return _list_array(given, f"[{number}]", how)
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(
            f"an input to predict on cannot be a {type(given).__name__}; give a path, a list of paths, or a numpy "
            "array of images"
        )
    text = os.fsdecode(given)
    try:
        return _list_path(text, path_of(text).expanduser(), how)
    except DataError as error:
        return list_problem(text, _format_reason(error, text))
    except OSError as error:
        return list_problem(text, f"cannot be read: {(error.strerror or str(error)).lower()}")


def _list_path(text: str, path: Path, how: ReadOptions) -> Listing:
    name = path.name.lower()
    if not text:
        return list_problem(text, "its name is empty")
    if path.is_dir():
        return _list_folder(text, path, how)
    local = fetch_to_cache(path, how.cache_directory, how.report)
    if name.endswith(".npz"):
        return _list_array_file(local, escape_name(text), how)
    if name.endswith(_ARCHIVES) and local.is_file():
        return _list_folder(text, unpack_archive(local, how.cache_directory, how.report), how)
    if is_table(path):
        return _list_table(path, how)
    return Listing([Item(escape_name(text), path=os.fspath(path))], 1)


def _list_array_file(path: Path, name: str, how: ReadOptions) -> Listing:
    file, values = open_array(path, how.given, how.cache_directory, how.report)
    if how.file_kind is not SOUNDS:
        return list_images(values, name, how.intensity)
    rate, notes = rate_of(file, how.sample_rate, MODEL_RATE)
    return replace(list_sounds(values, name, rate), notes=notes)


def _list_array(values: np.ndarray, name: str, how: ReadOptions) -> Listing:
    return list_sounds(values, name) if how.file_kind is SOUNDS else list_images(values, name, how.intensity)


def _list_folder(text: str, root: Path, how: ReadOptions) -> Listing:
    """Return all files that are looked for in a folder and below; their names begin with the folder as it was given."""
    walk = Walk(root, is_tolerant=True, takes_refused=True, file_kind=how.file_kind)
    paths = walk.files(root)
    items = [Item(escape_name(os.path.join(text, storage.relative(path, root))), path=path) for path in paths]
    items += [
        Item(escape_name(os.path.join(text, storage.relative(folder, root))), problem=f"cannot be read: {why}")
        for folder, why in walk.unreadable.items()
    ]
    if items:
        notes = tuple(f"{escape_name(text)}: {note}" for note in walk.ignored.notes())
        return Listing(items, len(items), notes)
    return list_problem(text, f"has {how.file_kind.none} in it")


def _list_table(path: Path, how: ReadOptions) -> Listing:
    """Return the images that a table names, one per row in its order, by what the row says."""
    frame = read_table(path)
    wanted = choose_column(how)
    if wanted is None:
        raise ConfigError(
            f"{path} is a table, and nothing says which of its columns names the {how.file_kind.noun}s; give  --input "
            f'COLUMN, or a template such as  --input "{how.file_kind.template}".\n'
            f"Its columns are {first_names(frame.columns)}."
        )
    try:
        texts = input_texts(frame, wanted)
    except ConfigError as error:
        place = "--input" if how.given else "the run's own data.input"
        remedy = "" if how.given else "\nName the column of this table with --input."
        raise ConfigError(str(error).replace("data.input", place, 1) + remedy) from error
    absent = f"names no file: its {wanted} is empty"
    items = [
        Item(escape_name(text), path=_resolve_beside(path, text)) if text else Item(frame.name_row(row), problem=absent)
        for row, text in enumerate(texts)
    ]
    return Listing(items, len(items), frame.notes)


def _resolve_beside(table: Path, text: str) -> str:
    return storage.normal(text if storage.is_absolute(text) else os.path.join(table.parent, text))


def _format_reason(error: DataError, text: str) -> str:
    """Return an error about data as what is said of an input, in one line."""
    line = " ".join(str(error).split())
    for beginning in ("data.path: ", f"{text} "):
        line = line.removeprefix(beginning)
    return line
