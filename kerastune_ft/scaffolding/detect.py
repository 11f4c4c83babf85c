"""Finding out what sort of data lies at a path, and looking at it the way its source will read it."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.data.files.archive import is_archive, unpack_archive
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.find import FileKind, Walk
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.sources.arrays import look_at_arrays
from kerastune_ft.scaffolding.sources.file_kinds import sought_in
from kerastune_ft.scaffolding.sources.folders import class_folders, has_split_folders, look_at_folder
from kerastune_ft.scaffolding.sources.tables import look_at_table

_LABELLED = re.compile(r"(train|labels?|data|metadata|annotations?)", re.IGNORECASE)


def detect(place: Path, written: str, label: Sequence[str]) -> DataFindings:
    """Return what lies at a path; `written` is that path as the configuration will have it."""
    if place.is_dir():
        sought = sought_in(place)
        table = _table_in(place, sought, bool(label))
        if table is not None:
            sight = _looked_at_table(table, f"{written.rstrip('/')}/{table.name}", label)
            sight.seen += _not_read(place, table)
            return sight
        _refuse_label(label)
        return look_at_folder(place, written, sought)
    if not place.exists():
        raise DataError(f"{place} is not there{_nearest(place)}")
    if is_table(place):
        return _looked_at_table(place, written, label)
    _refuse_label(label)
    place = fetch_to_cache(place, cache_directory(Runtime()), _say)
    if place.suffix.lower() == ".npz":
        return look_at_arrays(place, written)
    if is_archive(place):
        folder = unpack_archive(place, cache_directory(Runtime()), _say)
        return look_at_folder(folder, written, sought_in(folder), is_archive=True)
    raise DataError(
        f"{place} is neither a folder, a .zip or .tar of one, a table (.csv, .tsv, .jsonl, .parquet) nor an .npz file."
    )


def _looked_at_table(path: Path, written: str, label: Sequence[str]) -> DataFindings:
    return look_at_table(read_table(path), written, label)


def _refuse_label(label: Sequence[str]) -> None:
    if label:
        raise ConfigError(f"--label: only a table has columns, and the data are none; leave {label[0]!r} out")


def _table_in(folder: Path, sought: FileKind, is_wanted: bool) -> Path | None:
    """Return the table in a folder that tells about its files or holds texts, unless folders by class do."""
    tables = _tables(folder)
    if not tables or (not is_wanted and _has_classes(folder, sought)):
        return None
    if len(tables) == 1:
        return tables[0]
    likely = [path for path in tables if _LABELLED.match(path.stem)]
    if len(likely) == 1:
        return likely[0]
    names = ", ".join(path.name for path in tables[:20])
    raise DataError(f"{folder} holds several tables: {names}.\nGive the one with the labels instead of the folder.")


def _not_read(folder: Path, table: Path) -> list[str]:
    """Return a sentence about the tables that lie beside one and are split off, as their names say."""
    others = [path.name for path in _tables(folder) if path != table and _stem(path) in SPLIT_OF_WORD]
    if not others:
        return []
    return [
        f"not read: {', '.join(others)} beside {table.name}; splits are drawn from that. The run can be measured on "
        f"another table too: evaluate RUN --data {folder / others[-1]}"
    ]


def _tables(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_table(path) and path.name[0] != "." and path.is_file())


def _stem(path: Path) -> str:
    return path.name.split(".", 1)[0].casefold()


def _has_classes(folder: Path, sought: FileKind) -> bool:
    held = [name for name in class_folders(folder) if Walk(folder, sought=sought).files(folder / name)]
    return has_split_folders(folder) or len(held) > 1


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
