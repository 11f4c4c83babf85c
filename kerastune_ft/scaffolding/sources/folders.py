"""Inspecting a folder of images, sounds or texts, or an archive of one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.data import SPLITS, Named
from kerastune_ft.data.annotations.class_folders import (
    ClassFile,
    FolderReading,
    find_class_files,
    list_inner_folders,
)
from kerastune_ft.data.annotations.inner_folders import are_parts, find_inner_classes, find_inner_splits
from kerastune_ft.data.annotations.split_folders import Question, SplitFolder, find_question, find_split_folders
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.data.splits.names import split_names, usual_split_names
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason, classification_task
from kerastune_ft.scaffolding.samples.files import note_files
from kerastune_ft.scaffolding.sources.file_kinds import MODALITIES
from kerastune_ft.wording import counted, first_names

_TRAIN_SHARE = 0.7
_SUBJECT = re.compile(
    r"(?:^|[/_-])((?:patient|subject|participant|person|speaker|case|pat|sub)[_-]?\d+)", re.IGNORECASE
)
_SUBJECT_PATTERN = "(?i)(?:^|[/_-])((?:patient|subject|participant|person|speaker|case|pat|sub)[_-]?[0-9]+)"
_UNSORTED = re.compile(r"(unsup(ervised)?|un-?label+ed|unsorted|unassigned)", re.IGNORECASE)
_NO_CLASS = re.compile(
    r"(images?|imgs?|pictures|photos|sounds?|audios?|wavs?|texts?|data|masks?|annotations?|labels?)", re.IGNORECASE
)


def inspect_folder(root: Path, written: str, kind: FileKind, is_archive: bool = False) -> DataFindings:
    """Inspect a folder of class folders; `written` is the path as the configuration will have it."""
    below, written = _find_class_root(root, written, kind, is_archive)
    # A walk enters every folder only once, so each search needs its own.
    top = Walk(below, file_kind=kind).subfolders(below)
    found = find_split_folders(below, top, kind)
    question = None if _are_sure(found) else find_question(below, top, found, kind)
    splits, classes = _propose(question)
    walk = Walk(below, file_kind=kind)
    reading = FolderReading(classes, asks_inside=False)
    files, notes = find_class_files(walk, Named(**splits) if splits else None, reading)
    inner = None if splits or classes else _find_inner_question(below, files)
    if inner is not None:
        splits, classes = _propose_inner(inner)
    if inner is not None and splits:
        walk = Walk(below, file_kind=kind)
        files, notes = find_class_files(walk, Named(**splits), reading)
    counts = dict(sorted(Counter(file.label for file in files).items()))
    if len(counts) < 2:
        raise DataError(
            f"{below} has {kind.noun}s of one class only, {next(iter(counts))}; a classifier needs two or more.\n"
            "Give the folder that holds one sub-folder per class."
        )
    data: dict[str, Any] = {"kind": "folder", "path": written}
    group = _find_group(files)
    if group:
        add_with_reason(data, "group", {"pattern": _SUBJECT_PATTERN}, group)
    by_split = Counter(file.split for file in files)
    if splits:
        add_with_reason(
            data, "splits", splits, "named after existing folders; a missing validation split is 15 % of train"
        )
    elif None in by_split:
        add_splits(data, counts, "patient" if group else None)
    train = by_split.get("train", 0) or int(len(files) * _TRAIN_SHARE)
    task = classification_task(counts, MODALITIES[kind.noun])
    if classes:
        add_with_reason(task, "classes", list(classes), "named, since they could be splits by their names")
    findings = DataFindings(task, data, len(files), train, counts, [file.path for file in files])
    note_files(findings, kind)
    if None not in by_split:
        divided = ", ".join(f"{split} {by_split[split]:,}" for split in SPLITS if by_split.get(split))
        findings.seen.append(f"split folders: {divided}")
    findings.seen += [*walk.ignored.notes(), *notes]
    findings.asks += _ask_about_splits(question, found)
    findings.asks += _ask_about_inner(inner, files, splits)
    findings.asks += [
        f'is "{name}" a class? If its {kind.noun}s are unlabelled, move the folder away'
        for name in filter(_UNSORTED.fullmatch, counts)
    ]
    return findings


def _are_sure(found: Sequence[SplitFolder]) -> bool:
    """Return whether there are splits that are found without being named."""
    usual = [folder for folder in found if folder.is_usual]
    return len(usual) > 1 and {"train"} <= {folder.name for folder in usual} <= set(SPLITS)


def _propose(question: Question | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return data.splits, or task.classes where folders that could be splits are more likely classes."""
    if question is None:
        return {}, ()
    if not question.splits and not question.others:
        raise question.to_error(has_classes=True, is_other_data=False)
    if len(question.splits) > 1 or not question.others:
        return question.splits, ()
    return {}, question.classes


def _ask_about_splits(question: Question | None, found: Sequence[SplitFolder]) -> list[str]:
    """Return the question whether folders are splits or classes, where their names leave it open."""
    splits, classes = _propose(question)
    names = [folder.name for folder in found]
    if question is None or (splits and len(usual_split_names(names)) == len(names)):
        return []
    if splits:
        places = " and ".join(splits.values())
        line = f'"classes": {json.dumps(list(question.classes), ensure_ascii=False)}'
        return [f"are {places} splits? If they are classes, take splits out of data and write {line} in task"]
    alike = " and ".join(name for name in classes if name not in question.others)
    verb, nouns = ("is", "a class") if question.is_one else ("are", "classes")
    line = json.dumps(question.splits, ensure_ascii=False)
    remedy = f'write "splits": {line} in data' if question.splits else "move the folder away"
    return [
        f"{verb} {alike} {nouns}, as {' and '.join(question.others[:5])}? If not, {remedy} and take classes out of task"
    ]


def _find_inner_question(root: Path, files: Sequence[ClassFile]) -> Question | None:
    """Return the question whether the folders inside those at the top are the classes, None where nothing is asked."""
    inside = list_inner_folders(files)
    return None if find_inner_splits(inside) else find_inner_classes(root, inside)


def _propose_inner(question: Question) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return data.splits where the top folders are called as parts of data, else task.classes with them."""
    return (question.splits, ()) if are_parts(question.classes) else ({}, question.classes)


def _ask_about_inner(question: Question | None, files: Sequence[ClassFile], splits: dict[str, str]) -> list[str]:
    """Return what to decide of folders inside class folders: which are splits, which classes."""
    if question is None:
        inner = find_inner_splits(list_inner_folders(files))
        if not inner:
            return []
        name, split = next(iter(inner.items()))
        return [
            f"are the folders {first_names(sorted(inner), 5)} inside the class folders splits? They are pooled and "
            "divided anew, as splits in data says; if they are splits, put them above the class folders, "
            f"{files[0].label}/{name} as {split}/{files[0].label}, and run init again"
        ]
    names = first_names(question.classes, 5)
    if splits:
        line = f'"classes": {json.dumps(list(question.classes), ensure_ascii=False)}'
        return [
            f"which split is each of {names}? If they are classes, take splits out of data and write {line} in task"
        ]
    line = f'"splits": {json.dumps(question.splits, ensure_ascii=False)}'
    return [
        f"are {names} the classes? All hold folders of the same names; if those are the classes, write {line} in data, "
        "each split with its folder, and take classes and positive out of task"
    ]


def list_class_folders(root: Path) -> list[str]:
    """Return the sub-folders that could be classes, by name: not splits, and not folders such as images/."""
    names = Walk(root).subfolders(root)
    return [name for name in names if not _NO_CLASS.fullmatch(name) and name not in split_names(names)]


def has_split_folders(root: Path) -> bool:
    """Return whether folders with names of splits hold class folders."""
    walk = Walk(root)
    names = [name for name in walk.subfolders(root) if Walk(root).subfolders(root / name)]
    return "train" in split_names(name for name in names if len(list_class_folders(root / name)) > 1).values()


def _find_class_root(root: Path, written: str, kind: FileKind, is_archive: bool) -> tuple[Path, str]:
    """Return the folder that holds the class folders; a single sub-folder is entered, not taken for a class."""
    below = root
    while not holds(below, kind):
        inside = Walk(below).subfolders(below)
        if len(inside) != 1 or holds(below / inside[0], kind):
            break
        if len(Walk(below / inside[0]).subfolders(below / inside[0])) == 0 or usual_split_names(inside):
            break
        below = below / inside[0]
        # The top folder of an archive is skipped when the archive is read.
        written = written if is_archive else f"{written.rstrip('/')}/{inside[0]}"
    return below, written


def _find_group(files: list[ClassFile]) -> str | None:
    """Return the reason to group examples by a part of their names, if nearly all names contain a subject's id."""
    found = [match[1].casefold() for file in files if (match := _SUBJECT.search(file.key.rsplit(".", 1)[0]))]
    subjects = len(set(found))
    if len(found) < len(files) or not 3 <= subjects < len(files) * 0.9:
        return None
    return f"{counted(subjects, 'name')} such as {found[0]} repeat in the file names; files of one person stay together"
