"""Inspecting a folder of images, sounds or texts, or an archive of one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from kerastune_ft.config.options.data import SPLITS, Named
from kerastune_ft.data.annotations.class_folders import ClassFile, find_class_files, likely_splits
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.errors import DataError
from kerastune_ft.scaffolding.findings import DataFindings, add_splits, add_with_reason, classification_task
from kerastune_ft.scaffolding.samples.files import note_files
from kerastune_ft.scaffolding.sources.file_kinds import MODALITIES
from kerastune_ft.wording import counted

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
    _refuse_masks(below)
    walk = Walk(below, file_kind=kind)
    splits = _find_unusual_splits(walk)
    # A walk enters every folder only once, so each search needs its own.
    walk = Walk(below, file_kind=kind)
    files, notes = find_class_files(walk, Named(**splits) if splits else None)
    counts = dict(sorted(Counter(file.label for file in files).items()))
    if len(counts) < 2:
        raise DataError(
            f"{below} has {kind.noun}s of one class only, {next(iter(counts))}; a classifier needs two or more.\n"
            "Give the folder that holds one sub-folder per class."
        )
    data: dict = {"kind": "folder", "path": written}
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
    findings = DataFindings(task, data, len(files), train, counts, [file.path for file in files])
    note_files(findings, kind)
    if None not in by_split:
        divided = ", ".join(f"{split} {by_split[split]:,}" for split in SPLITS if by_split.get(split))
        findings.seen.append(f"split folders: {divided}")
    findings.seen += [*walk.ignored.notes(), *notes]
    findings.asks += [
        f'is "{name}" a class? If its {kind.noun}s are unlabelled, move the folder away'
        for name in filter(_UNSORTED.fullmatch, counts)
    ]
    return findings


def _refuse_masks(root: Path) -> None:
    """Raise DataError for images with masks, whose folders would be taken for two classes."""
    for folder in (root, *(root / name for name in Walk(root).subfolders(root))):
        if {"images", "masks"} <= {name.casefold() for name in Walk(folder).subfolders(folder)}:
            raise DataError(
                f"{folder} has images/ and masks/, which image_segmentation learns; init writes no configuration of "
                "it yet.\nREADME.md has one to copy, under Masks."
            )


def list_class_folders(root: Path) -> list[str]:
    """Return the sub-folders that could be classes, by name: not splits, and not folders such as images/."""
    names = Walk(root).subfolders(root)
    return [name for name in names if not _NO_CLASS.fullmatch(name) and not re.match(_SPLIT_NAME, name.casefold())]


_SPLIT_NAME = r"(train|training|test|testing|val|valid|validation|dev|eval)([_ -].*)?$"


def has_split_folders(root: Path) -> bool:
    """Return whether folders with names of splits hold class folders."""
    walk = Walk(root)
    names = [name for name in walk.subfolders(root) if Walk(root).subfolders(root / name)]
    return "train" in likely_splits(name for name in names if len(list_class_folders(root / name)) > 1)


def _find_class_root(root: Path, written: str, kind: FileKind, is_archive: bool) -> tuple[Path, str]:
    """Return the folder that holds the class folders; a single sub-folder is entered, not taken for a class."""
    below = root
    while not holds(below, kind):
        inside = Walk(below).subfolders(below)
        if len(inside) != 1 or holds(below / inside[0], kind):
            break
        if len(Walk(below / inside[0]).subfolders(below / inside[0])) == 0 or likely_splits(inside):
            break
        below = below / inside[0]
        # The top folder of an archive is skipped when the archive is read.
        written = written if is_archive else f"{written.rstrip('/')}/{inside[0]}"
    return below, written


def _find_unusual_splits(walk: Walk) -> dict[str, str]:
    """Return the folders of the splits by split, if any of them has another name than its split."""
    inside = {name: len(Walk(walk.root).subfolders(walk.root / name)) for name in walk.subfolders(walk.root)}
    found = likely_splits(name for name, count in inside.items() if count and not walk.holds(walk.root / name))
    if "train" not in found:
        # A split folder with files beside its class folders is only found if it is named.
        found = likely_splits(name for name, count in inside.items() if count > 1)
        return found if "train" in found and len(found) > 1 else {}
    return found if any(split != name for split, name in found.items()) else {}


def _find_group(files: list[ClassFile]) -> str | None:
    """Return the reason to group examples by a part of their names, if nearly all names contain a subject's id."""
    found = [match[1].casefold() for file in files if (match := _SUBJECT.search(file.key.rsplit(".", 1)[0]))]
    subjects = len(set(found))
    if len(found) < len(files) or not 3 <= subjects < len(files) * 0.9:
        return None
    return f"{counted(subjects, 'name')} such as {found[0]} repeat in the file names; files of one person stay together"
