"""What there is to predict on: files, folders, archives, tables, arrays and lists of paths, each a listing of items."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft import storage
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.archive import unpacked
from kerastune_ft.data.fetched import fetched
from kerastune_ft.data.frame import is_table, read_frame, shown
from kerastune_ft.data.intensity import Intensity
from kerastune_ft.data.templates import input_texts
from kerastune_ft.data.walk import Walk
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.arrays import array_in, of_images
from kerastune_ft.inference.items import Item, Listing, bad, printable
from kerastune_ft.inference.listed import listed_items
from kerastune_ft.storage import path_of

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Reading:
    """How inputs that hold more than one image are read."""

    given: str | None
    """The column, key, template or name of an array that the user names; None leaves it to the run."""
    own: str | None
    """The column or template that the run's own table has."""
    intensity: Intensity
    cache_directory: Path
    report: Callable[[str], None]


def reading(config: RunConfig, given: str | None, cache_directory: Path, report: Callable[[str], None]) -> Reading:
    """Return how inputs of a run are read; `given` is what the user names."""
    data = config.data
    own = data.input if data.kind == "table" and isinstance(data.input, str) else None
    intensity = None if data.intensity == "auto" else data.intensity
    return Reading(given, own, intensity, cache_directory, report)


def several(inputs: Any) -> list[Any]:
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


def listings(inputs: Iterable[Any], how: Reading) -> list[Listing]:
    """Return what each input holds; one that cannot be read is an item with a problem.

    Raise ConfigError for what no input can be, and for a table or array file that nothing says how to read.
    """
    found = [_listing(given, number, how) for number, given in enumerate(inputs)]
    if not found:
        raise ConfigError("there is no input to predict on; give at least one")
    return found


def _listing(given: Any, number: int, how: Reading) -> Listing:
    if isinstance(given, io.IOBase):
        return Listing(listed_items(given, how.given or how.own), None)
    if isinstance(given, np.ndarray):
        return of_images(given, f"[{number}]", how.intensity)
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(
            f"an input to predict on cannot be a {type(given).__name__}; give a path, a list of paths, or a numpy "
            "array of images"
        )
    text = os.fsdecode(given)
    try:
        return _of_path(text, path_of(text).expanduser(), how)
    except DataError as error:
        return bad(text, _reason(error, text))
    except OSError as error:
        return bad(text, f"cannot be read: {(error.strerror or str(error)).lower()}")


def _of_path(text: str, path: Path, how: Reading) -> Listing:
    name = path.name.lower()
    if text and path.is_dir():
        return _folder(text, path)
    local = fetched(path, how.cache_directory, how.report)
    if name.endswith(".npz"):
        return of_images(array_in(local, how.given, how.cache_directory, how.report), printable(text), how.intensity)
    if name.endswith(_ARCHIVES) and local.is_file():
        return _folder(text, unpacked(local, how.cache_directory, how.report))
    if is_table(path):
        return _table(path, how)
    return Listing([Item(printable(text), path=os.fspath(path) if text else "")], 1)


def _folder(text: str, root: Path) -> Listing:
    """Return all images in a folder and below; their names begin with the folder as it was given."""
    walk = Walk(root, is_tolerant=True, takes_refused=True)
    paths = walk.files(root)
    items = [Item(printable(os.path.join(text, storage.relative(path, root))), path=path) for path in paths]
    items += [
        Item(printable(os.path.join(text, storage.relative(folder, root))), problem=f"cannot be read: {why}")
        for folder, why in walk.unreadable.items()
    ]
    if items:
        notes = tuple(f"{printable(text)}: {note}" for note in walk.ignored.notes())
        return Listing(items, len(items), notes)
    return bad(text, "has no image (JPEG, PNG, BMP, GIF, WebP or TIFF) in it")


def _table(path: Path, how: Reading) -> Listing:
    """Return the images that a table names, one per row in its order, by what the row says."""
    frame = read_frame(path)
    wanted = how.given or how.own
    if wanted is None:
        raise ConfigError(
            f"{path} is a table, and nothing says which of its columns names the images; give  --input COLUMN, or a "
            f'template such as  --input "images/{{image_id}}.png".\nIts columns are {shown(frame.columns)}.'
        )
    try:
        texts = input_texts(frame, wanted)
    except ConfigError as error:
        place = "--input" if how.given else "the run's own data.input"
        remedy = "" if how.given else "\nName the column of this table with --input."
        raise ConfigError(str(error).replace("data.input", place, 1) + remedy) from error
    absent = f"names no file: its {wanted} is empty"
    items = [
        Item(printable(text), path=_beside(path, text)) if text else Item(frame.named(row), problem=absent)
        for row, text in enumerate(texts)
    ]
    return Listing(items, len(items), frame.notes)


def _beside(table: Path, text: str) -> str:
    return storage.normal(text if storage.is_absolute(text) else os.path.join(table.parent, text))


def _reason(error: DataError, text: str) -> str:
    """Return an error about data as what is said of an input, in one line."""
    line = " ".join(str(error).split())
    for beginning in ("data.path: ", f"{text} "):
        line = line.removeprefix(beginning)
    return line
