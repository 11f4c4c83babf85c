"""Inspecting sounds with transcripts: a folder that has them beside its sounds, or a table of files and texts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.files.find import SOUNDS, FileKind, Walk
from kerastune_ft.data.speech.transcript_folders import FILE_COLUMNS, LISTS, TABLES, TEXT_COLUMNS, find_transcripts
from kerastune_ft.data.splits.names import usual_split_names
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason
from kerastune_ft.scaffolding.samples.sound_files import note_sounds
from kerastune_ft.scaffolding.sources.columns import find_group_column, is_group_name
from kerastune_ft.wording import counted

_TASK = {"kind": "speech_recognition"}
_TRAIN_SHARE = 0.7
# Texts of which no larger share is distinct are classes with long names.
_DISTINCT = 0.5
_SPEAKERS = (
    "does somebody speak in several sounds? Then keep all of one person in one split (data.group), or the figures say "
    "how well the model knows the voices it was tuned on"
)


def inspect_transcripts(folder: Path, written: str, kind: FileKind) -> DataFindings | None:
    """Inspect a folder of sounds with transcripts beside them; None for any other.

    Raises DataError for lists of transcripts that cannot be read, or that contradict each other.
    """
    if kind is not SOUNDS:
        return None
    for table in TABLES:
        known = (folder / table).is_file() and inspect_transcript_table(
            folder / table, f"{written.rstrip('/')}/{table}"
        )
        if known:
            return known
    paths = Walk(folder, is_tolerant=True, file_kind=SOUNDS).files(folder)
    try:
        texts = find_transcripts(folder, paths)
    except DataError:
        # Files that nothing but transcripts have are not to be passed over for classes.
        if any(folder.rglob(f"*{LISTS}")):
            raise
        return None
    said = [path for path, text in zip(paths, texts, strict=True) if text]
    if not said or (_are_in_classes(folder, said) and not any(folder.rglob(f"*{LISTS}"))):
        return None
    data: dict[str, Any] = {"kind": "folder", "path": written}
    tops = Counter(os.path.relpath(path, folder).split(os.sep)[0] for path in said)
    named = usual_split_names(tops)
    if "train" not in named.values():
        add_splits(data, {}, None)
        train = int(len(said) * _TRAIN_SHARE)
    else:
        train = sum(count for top, count in tops.items() if named.get(top) == "train")
        if any(name not in SPLITS for name in named):
            reason = "named after existing folders; a missing validation split is 15 % of train"
            add_with_reason(data, "splits", {split: name for name, split in named.items()}, reason)
    if len(said) < len(paths):
        reason = f"{counted(len(paths) - len(said), 'sound')} of {len(paths)} without a transcript"
        add_with_reason(data, "on_missing", "skip", reason)
    return _describe(data, said, train)


def _are_in_classes(folder: Path, paths: Sequence[str]) -> bool:
    """Return whether sounds lie in several folders that are no splits: with a text beside each they may be classes."""
    tops = {os.path.relpath(path, folder).split(os.sep)[0] for path in paths}
    return len(tops - set(usual_split_names(tops)) - {os.path.basename(path) for path in paths}) > 1


def inspect_transcript_table(path: Path, written: str) -> DataFindings | None:
    """Inspect a table that names sounds and says what is spoken in each; None for any other."""
    try:
        table = read_table(path)
    except DataError:
        return None
    names = {column.lower(): column for column in table.columns}
    file = next((names[each] for each in FILE_COLUMNS if each in names), None)
    text = next((names[each] for each in TEXT_COLUMNS if each in names), None)
    if file is None or text is None:
        return None
    places, texts = table.texts(file, "data.input"), table.texts(text, "data.label")
    if not all(SOUNDS.takes(place) for place in places if place) or len(set(texts)) <= _DISTINCT * len(texts):
        return None
    data: dict[str, Any] = {"kind": "table", "path": written, "input": file, "label": text}
    group = _find_speakers(table, {file, text})
    if group is not None:
        add_with_reason(data, "group", group, "all examples of one stay in one split")
    split = names.get("split")
    given = Counter(table.texts(split, "data.splits")) if split is not None else Counter[str]()
    if split is not None and "train" in given and {*given} <= {*SPLITS}:
        add_with_reason(data, "splits", {"column": split}, "the column that says the split of each row")
        train = given["train"]
    else:
        add_splits(data, {}, group)
        train = int(len(texts) * _TRAIN_SHARE)
    files = [str(path.parent / place) for place in places if (path.parent / place).is_file()]
    return _describe(data, files, train, len(texts))


def _find_speakers(table: TextTable, taken: set[str]) -> str | None:
    """Return the column that says whose each sound is, if there is one."""
    named = [name for name in table.columns if is_group_name(name)]
    try:
        return find_group_column({name: table.texts(name, "data.group") for name in named}, taken)
    except DataError:
        return None


def _describe(data: dict[str, Any], files: list[str], train: int, examples: int | None = None) -> DataFindings:
    findings = DataFindings(dict(_TASK), data, examples or len(files), train, {}, files)
    note_sounds(findings)
    if "group" not in data:
        findings.asks.append(_SPEAKERS)
    return findings
