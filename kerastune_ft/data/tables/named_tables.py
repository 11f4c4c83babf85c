"""The tables that `data.path` and `data.splits` name: one, several, a pattern, or those of a folder by split."""

from __future__ import annotations

import difflib
import glob
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastune_ft import storage
from kerastune_ft.config.options.data import SPLITS, NamedTables, TableData
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.data.tables.read import is_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.storage import path_of
from kerastune_ft.wording import first_names

# Programs divide large tables into parts: train-00000-of-00002.parquet.
_PART = re.compile(r"-\d{5}-of-\d{5}$")


@dataclass(frozen=True)
class NamedTable:
    """A table that the configuration names."""

    path: Path
    split: str | None = None
    """The split of its rows; None where data.splits divides them otherwise."""
    is_found: bool = False
    """Whether it was found by its name alone, and so may be left out."""


def find_tables(options: TableData, *, unsplit: bool = False) -> list[NamedTable]:
    """Return the tables to read, in order; with `unsplit` without their splits, for other data of a finished run.

    Raises ConfigError and DataError where a name or pattern stands for no table, or one for several splits.
    """
    paths = [options.path] if isinstance(options.path, str) else list(options.path)
    places = [path for text in paths for path in expand_pattern(text, "data.path")]
    named = options.splits if isinstance(options.splits, NamedTables) else None
    if len(places) == 1 and places[0].is_dir():
        tables = _find_in_folder(places[0], named)
    else:
        tables = _find_named(places, named)
    _refuse_twice(tables)
    return [NamedTable(table.path) for table in tables] if unsplit else tables


def expand_pattern(text: str, key: str) -> list[Path]:
    """Return the path itself, or the tables that a pattern such as `data/*.csv` stands for, by name."""
    if storage.is_remote(text) or not glob.has_magic(text) or os.path.exists(text):
        return [path_of(text)]
    found = [Path(path) for path in sorted(glob.glob(text, recursive=True)) if is_table(Path(path))]
    if not found:
        raise DataError(f"{key}: no table fits the pattern {text}. Write one that does, or the names of the tables.")
    return found


def split_of_table(path: Path) -> str | None:
    """Return the split that a table's name stands for, whatever the word; None where it stands for none."""
    return SPLIT_OF_WORD.get(_stem(path))


def _stem(path: Path) -> str:
    return _PART.sub("", path.name.split(".", 1)[0]).casefold()


def list_tables(folder: Path) -> list[Path]:
    """Return the tables in a folder, by name; hidden ones are none."""
    return sorted(path for path in folder.iterdir() if is_table(path) and path.name[0] not in ".~" and path.is_file())


def _find_in_folder(folder: Path, named: NamedTables | None) -> list[NamedTable]:
    """Return the tables of a folder that splits name, or else those called train, validation and test."""
    if named is not None:
        if named.train is None:
            raise ConfigError(
                f'data.splits: {folder} is a folder; write  "train": ...  too, with the table to learn from.'
            )
        return _resolve(named, folder)
    tables = list_tables(folder)
    found = [NamedTable(path, _stem(path), is_found=True) for path in tables if _stem(path) in SPLITS]
    if "train" in {table.split for table in found}:
        _refuse_other_words(folder, tables, found)
        return sorted(found, key=lambda table: SPLITS.index(table.split or ""))
    if any(split_of_table(path) == "train" for path in tables):
        raise DataError(_ask_for_splits(folder, tables))
    held = f'The tables in it are {first_names(path.name for path in tables)}; write one of them after "{folder}/"'
    several = f', several as a list, or  "path": "{folder}/*{tables[0].suffix}"  for all' if len(tables) > 1 else ""
    raise DataError(
        f'data.path: {folder} is a folder, and data.kind is "table". '
        + (f"{held}{several}." if tables else "Name a table, or write kind folder.")
    )


def _refuse_other_words(folder: Path, tables: Sequence[Path], found: Sequence[NamedTable]) -> None:
    """Raise DataError for a table such as val.csv beside train.csv, which nothing else says the use of."""
    splits = {table.split for table in found}
    others = [path for path in tables if _stem(path) not in SPLITS and split_of_table(path) not in {None, *splits}]
    if others:
        raise DataError(_ask_for_splits(folder, tables))


def _ask_for_splits(folder: Path, tables: Sequence[Path]) -> str:
    names = name_splits(tables)
    return (
        f"data.path: the tables in {folder} look like splits, and not all are called train, validation and test: "
        f"{first_names(path.name for path in tables)}.\n"
        f'Write  "splits": {json.dumps(names, ensure_ascii=False)}  in data, with those that are.'
    )


def name_splits(tables: Sequence[Path]) -> dict[str, str | list[str]]:
    """Return the splits that tables stand for by their names, as `data.splits` names them."""
    found: dict[str, list[str]] = {}
    for split in SPLITS:
        held = [path.name for path in tables if split_of_table(path) == split]
        # Of train.csv and training.csv, the first is meant.
        exact = [name for name in held if _stem(Path(name)) == split]
        if held:
            found[split] = exact or held
    return {split: names[0] if len(names) == 1 else names for split, names in found.items()}


def _find_named(paths: Sequence[Path], named: NamedTables | None) -> list[NamedTable]:
    """Return the tables of `data.path`, to train on where splits are named, and those of the other splits."""
    if named is None:
        return [NamedTable(path) for path in paths]
    folder = paths[0].parent
    others = _resolve(named, folder)
    train = [table for table in others if table.split == "train"]
    own = {storage.absolute(path) for path in paths}
    if train and {storage.absolute(table.path) for table in train} != own:
        raise ConfigError(
            f"data.splits.train: {first_names(table.path.name for table in train)} is not what data.path names, "
            f'{first_names(path.name for path in paths)}; leave "train" out, or write the folder in path.'
        )
    return [*(NamedTable(path, "train") for path in paths), *(table for table in others if table.split != "train")]


def _resolve(named: NamedTables, folder: Path) -> list[NamedTable]:
    """Return the tables that splits name, relative to a folder."""
    found = []
    for split, names in named.by_split.items():
        for name in names:
            text = name if storage.is_absolute(name) else os.path.join(folder, name)
            paths = expand_pattern(text, f"data.splits.{split}")
            for path in paths:
                if not path.is_file():
                    raise DataError(f"data.splits.{split}: {_explain_absence(path, folder)}")
            found += [NamedTable(path, split) for path in paths]
    return found


def _explain_absence(path: Path, folder: Path) -> str:
    beside = [one.name for one in list_tables(folder)] if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.6)
    hint = f'; did you mean "{near[0]}"?' if near else "."
    return (
        f"there is no table {path}{hint}\nSplits of a table are named by the files beside it, as "
        '{"test": "test.csv"}; a column that says them is {"column": "split"}.'
    )


def _refuse_twice(tables: Sequence[NamedTable]) -> None:
    places: dict[str, list[str | None]] = {}
    for table in tables:
        places.setdefault(storage.absolute(table.path), []).append(table.split)
    for path, splits in places.items():
        if len(splits) > 1:
            where = " and ".join(f'"{split}"' for split in splits if split) or "data.path"
            raise ConfigError(f"data.splits: {path} is named twice ({where}); each table has one place.")
