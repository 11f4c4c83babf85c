"""Detecting what kind of data a path holds, and inspecting it as training will read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.data.files.archive import is_archive, unpack_archive
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.find import TEXTS, FileKind, Walk, holds
from kerastune_ft.data.tables.joined_table import join_tables
from kerastune_ft.data.tables.named_tables import expand_pattern, list_tables
from kerastune_ft.data.tables.read import how_to_convert, is_table, read_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.sources.arrays import inspect_arrays
from kerastune_ft.scaffolding.sources.box_tables import inspect_box_table
from kerastune_ft.scaffolding.sources.dense_folders import inspect_dense
from kerastune_ft.scaffolding.sources.file_kinds import file_kind_of_folder
from kerastune_ft.scaffolding.sources.folders import has_split_folders, inspect_folder, list_class_folders
from kerastune_ft.scaffolding.sources.given_input import GivenInput
from kerastune_ft.scaffolding.sources.split_tables import inspect_split_tables, inspect_table_beside_splits
from kerastune_ft.scaffolding.sources.tables import inspect_table
from kerastune_ft.scaffolding.sources.writing.dialogues import inspect_text_folder
from kerastune_ft.scaffolding.sources.writing.transcripts import inspect_transcript_table, inspect_transcripts
from kerastune_ft.storage import find_similar
from kerastune_ft.streams import say
from kerastune_ft.wording import first_names

_LABELLED = re.compile(r"(train|labels?|data|metadata|annotations?)", re.IGNORECASE)


def detect(place: Path, written: str, label: Sequence[str], given: GivenInput = None) -> DataFindings:
    """Inspect the data at a path; `written` is the path as the configuration will have it.

    `label` and `given` are the columns of labels and inputs of a table that the user names.
    """
    if place.is_dir():
        kind = file_kind_of_folder(place)
        findings = None if label or given else inspect_dense(place, written, kind)
        findings = findings or (None if label or given else inspect_transcripts(place, written, kind))
        if findings is None:
            findings = _inspect_tables(place, written, kind, label, given)
        if findings is None:
            _refuse_label(label)
            texts = None if _has_classes(place, kind) else inspect_text_folder(place, written, kind)
            findings = texts or inspect_folder(place, written, kind)
        return findings
    if not place.exists():
        places = expand_pattern(str(place), "init")
        if places != [place]:
            return inspect_table(join_tables([read_table(one) for one in places]), written, label, given=given)
        raise DataError(f"{place} does not exist{_suggest_path(place)}")
    if is_table(place):
        if not given and not label:
            found = inspect_box_table(place, written) or inspect_transcript_table(place, written)
            if found is not None:
                return found
        return inspect_table_beside_splits(place, written, label, given)
    _refuse_label(label)
    place = fetch_to_cache(place, cache_directory(Runtime()), say)
    if place.suffix.lower() == ".npz":
        return inspect_arrays(place, written)
    if is_archive(place):
        folder = unpack_archive(place, cache_directory(Runtime()), say)
        kind = file_kind_of_folder(folder)
        inside = Walk(folder, file_kind=kind).subfolders(folder)
        # The top folder of an archive is skipped when the archive is read.
        top = folder / inside[0] if len(inside) == 1 and not holds(folder, kind) else folder
        return inspect_dense(top, written, kind) or inspect_folder(folder, written, kind, is_archive=True)
    if place.suffix.lower() in TEXTS.suffixes:
        raise DataError(
            f"{place} is one text. Texts are read from a folder of .txt files, of one as of many: put it into a folder "
            "of its own, and give that."
        )
    remedy = f"; {how_to_convert(place)}" if place.suffix.lower() == ".json" else ""
    raise DataError(
        f"{place} is neither a folder, a .zip or .tar of one, a table (.csv, .tsv, .jsonl, .parquet, .xlsx) nor an "
        f".npz file{remedy}."
    )


def _refuse_label(label: Sequence[str]) -> None:
    if label:
        raise ConfigError(f"--label: only a table has columns, and this data is not a table; leave {label[0]!r} out")


def _inspect_tables(
    folder: Path, written: str, kind: FileKind, label: Sequence[str], given: GivenInput
) -> DataFindings | None:
    """Inspect the tables of labels or texts in a folder; None if the folder has none, or class folders instead."""
    tables = list_tables(folder)
    if not tables or (not label and _has_classes(folder, kind)):
        return None
    if findings := inspect_split_tables(folder, tables, written, label, given):
        return findings
    likely = [path for path in tables if _LABELLED.match(path.stem)]
    if len(tables) == 1 or len(likely) == 1:
        table = tables[0] if len(tables) == 1 else likely[0]
        findings = inspect_table_beside_splits(table, f"{written.rstrip('/')}/{table.name}", label, given)
        said = " ".join([table.name, *findings.seen, *map(str, findings.data["splits"].values())])
        others = [path.name for path in tables if path.name not in said]
        findings.seen += [f"not read: {first_names(others, 5)}"] if others else []
        return findings
    names = ", ".join(path.name for path in tables[:20])
    raise DataError(
        f"{folder} holds several tables: {names}.\nGive the one to learn from instead of the folder, or, to read "
        f"those with the same columns as one, a pattern in quotes, as '{folder}/*{tables[0].suffix}'."
    )


def _has_classes(folder: Path, kind: FileKind) -> bool:
    held = [name for name in list_class_folders(folder) if Walk(folder, file_kind=kind).files(folder / name)]
    return has_split_folders(folder) or len(held) > 1


def _suggest_path(place: Path) -> str:
    near = find_similar(place)
    return f'; did you mean "{near}"?' if near else "; give a folder, an archive, a table or an .npz file"
