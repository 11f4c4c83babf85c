"""Finding out what sort of data lies at a path, and looking at it the way its source will read it."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from kerastune_ft.config.runtime import Runtime, cache_directory
from kerastune_ft.data.archive import is_archive, unpacked
from kerastune_ft.data.fetched import fetched
from kerastune_ft.data.frame import is_table, read_frame
from kerastune_ft.data.walk import Walk
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inspect.arrays import look_at_arrays
from kerastune_ft.inspect.folders import class_folders, has_split_folders, look_at_folder
from kerastune_ft.inspect.sight import Sight
from kerastune_ft.inspect.tables import look_at_table

_LABELLED = re.compile(r"(train|labels?|data|metadata|annotations?)", re.IGNORECASE)


def look(place: Path, written: str, label: Sequence[str]) -> Sight:
    """Return what lies at a path; `written` is that path as the configuration will have it."""
    if place.is_dir():
        table = _table_in(place, bool(label))
        if table is not None:
            return _looked_at_table(table, f"{written.rstrip('/')}/{table.name}", label)
        _refuse_label(label)
        return look_at_folder(place, written)
    if not place.exists():
        raise DataError(f"{place} is not there{_nearest(place)}")
    if is_table(place):
        return _looked_at_table(place, written, label)
    _refuse_label(label)
    place = fetched(place, cache_directory(Runtime()), _say)
    if place.suffix.lower() == ".npz":
        return look_at_arrays(place, written)
    if is_archive(place):
        return look_at_folder(unpacked(place, cache_directory(Runtime()), _say), written, is_archive=True)
    raise DataError(
        f"{place} is neither a folder, a .zip or .tar of one, a table (.csv, .tsv, .jsonl, .parquet) nor an .npz file."
    )


def _looked_at_table(path: Path, written: str, label: Sequence[str]) -> Sight:
    return look_at_table(read_frame(path), written, label)


def _refuse_label(label: Sequence[str]) -> None:
    if label:
        raise ConfigError(f"--label: only a table has columns, and the data are none; leave {label[0]!r} out")


def _table_in(folder: Path, is_wanted: bool) -> Path | None:
    """Return the table in a folder that tells about its images, unless folders by class do."""
    tables = sorted(path for path in folder.iterdir() if is_table(path) and path.name[0] != "." and path.is_file())
    if not tables or (not is_wanted and _has_classes(folder)):
        return None
    if len(tables) == 1:
        return tables[0]
    likely = [path for path in tables if _LABELLED.match(path.stem)]
    if len(likely) == 1:
        return likely[0]
    names = ", ".join(path.name for path in tables[:20])
    raise DataError(f"{folder} holds several tables: {names}.\nGive the one with the labels instead of the folder.")


def _has_classes(folder: Path) -> bool:
    names = class_folders(folder)
    return has_split_folders(folder) or sum(bool(Walk(folder).files(folder / name)) for name in names) > 1


def _nearest(place: Path) -> str:
    beside = [entry.name for entry in place.parent.iterdir()] if place.parent.is_dir() else []
    near = difflib.get_close_matches(place.name, beside, n=1, cutoff=0.6)
    return (
        f'; did you mean "{place.parent / near[0]}"?'
        if near
        else "; give a folder, an archive, a table or an .npz file"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr)
