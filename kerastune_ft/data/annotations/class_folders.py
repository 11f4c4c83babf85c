"""Labels that are the names of folders: one folder per class, with or without split folders above them."""

from __future__ import annotations

import difflib
import json
import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kerastune_ft.config.options.data import SPLITS, FolderData, Named, Splits
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.annotations.inner_folders import (
    explain_inner_splits,
    find_inner_classes,
    find_inner_splits,
    note_merged,
)
from kerastune_ft.data.annotations.split_folders import (
    SplitFolder,
    are_listed,
    enter_split,
    find_question,
    find_split_folders,
)
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.data.labels.raw import SingleLabels
from kerastune_ft.data.labels.spelling import normalise
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.remedies import other_data
from kerastune_ft.errors import DataError


@dataclass(frozen=True)
class ClassFile(AnnotatedFile):
    """A file, the class folder it is in, and the split folder above that, if any."""

    label: str


@dataclass(frozen=True)
class FolderReading:
    """What decides, beside the folders, which of them are splits and which classes."""

    listed: Collection[str] = ()
    """The labels that task.classes lists."""
    has_classes: bool = True
    """Whether the task has such an option."""
    is_other_data: bool = False
    """Whether it is data that a finished run is evaluated on."""
    asks: bool = True
    """Whether folders that look like splits are asked about."""
    asks_inside: bool = True
    """Whether the folders inside the classes are asked about, where they may be splits or the classes."""
    normalises: bool = True
    """Whether labels are brought to NFC."""

    @classmethod
    def of_run(cls, context: ReadContext) -> Self:
        """Return what a run decides by."""
        listed = getattr(context.task, "classes", None) or ()
        rules = context.rules
        return cls(
            listed,
            hasattr(context.task, "classes"),
            context.unsplit,
            rules.asks_about_splits,
            rules.asks_about_splits and not context.unsplit,
            rules.normalised_labels,
        )


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the files of class folders, each with the name of its folder as its label."""
    files, notes = find_class_files(walk, requested, FolderReading.of_run(context))
    labels = [file.label for file in files]

    def check_kept(kept: Sequence[int]) -> None:
        _refuse_lost_classes(labels, kept, walk)

    return Annotations(files, SingleLabels(labels), labels, notes, check_kept=check_kept)


def _refuse_lost_classes(labels: Sequence[str], kept: Sequence[int], walk: Walk) -> None:
    """Raise DataError where a class would go away with its last file left out."""
    empty = sorted(set(labels) - {labels[index] for index in kept})
    if empty:
        raise DataError(
            f"data.path: these class folders of {walk.root} have no {walk.file_kind.noun} that can be read: "
            f"{', '.join(empty)}.\n"
            f"Repair the files, {walk.file_kind.conversion}, or take the folder away."
        )


def find_class_files(walk: Walk, requested: Splits | None, reading: FolderReading) -> tuple[list[ClassFile], list[str]]:
    """Return the files of a data folder by class (and split), in order, and sentences for the user."""
    folders, notes = _find_split_folders(walk, requested, reading)
    images: list[ClassFile] = []
    without: list[tuple[str, str]] = []
    inside: dict[str, set[str]] = defaultdict(set)
    for split, folder, classes in folders:
        if walk.holds(folder):
            place = walk.relative(str(folder))
            notes.append(f"ignored the {walk.file_kind.noun}s directly in {place}, beside the class folders")
        for name in classes:
            label = walk.relative(str(folder / name)).rsplit("/", 1)[-1]
            label = normalise(label) if reading.normalises else label
            paths = walk.files(folder / name)
            images += [ClassFile(path, walk.relative(path), split, label) for path in paths]
            start = len(os.path.join(folder, name, ""))
            inside[label].update(_first_folder(path[start:]) for path in paths)
            if not paths:
                without.append((label, walk.relative(str(folder / name))))
    _check_files(walk, images, without)
    _refuse_empty_splits(walk, images, [(split, folder) for split, folder, _ in folders if split is not None])
    notes += [f"the class folder {place} has no {walk.file_kind.noun}" for _, place in without]
    if reading.asks_inside:
        _ask_about_inner_folders(walk, images, requested, reading)
    return images, notes + note_merged(inside)


Folders = list[tuple[str | None, Path, list[str]]]
"""Split, folder, and the names of the class folders in it."""


def _find_split_folders(walk: Walk, requested: Splits | None, reading: FolderReading) -> tuple[Folders, list[str]]:
    if isinstance(requested, Named):
        return _find_named_folders(walk, requested)
    top = walk.subfolders(walk.root)
    if not top:
        raise DataError(_no_class_folders(walk.root, walk.file_kind))
    found = find_split_folders(walk.root, top, walk.file_kind)
    if not reading.asks:
        found = [folder for folder in found if folder.is_usual and folder.place == folder.name]
    is_known = are_listed(walk.root, found, top, reading.listed, walk.file_kind)
    splits = [] if is_known else _choose_splits(walk, top, found, requested, reading)
    if not splits:
        _refuse_nested(walk, top)
        return [(None, walk.root, top)], []
    others = [name for name in top if name not in {folder.name for folder in splits}]
    if requested is None:
        unused = [folder for folder in found if folder.name in others and folder.name in SPLITS]
        empty = [(folder.split, walk.root / folder.name) for folder in unused if not folder.has_files]
        _refuse_empty_splits(walk, [], empty)
    notes = [f"ignored the folders beside the split folders: {', '.join(others)}"] if others else []
    inside = {folder.name: walk.subfolders(walk.root / folder.place) for folder in splits}
    if requested is not None:
        pooled = ", ".join(folder.place for folder in splits)
        notes.append(f"splits: the folders {pooled} are pooled and divided anew, as data.splits says")
        return [(None, walk.root / folder.place, inside[folder.name]) for folder in splits], notes
    ordered = sorted(splits, key=lambda folder: SPLITS.index(folder.split))
    return [(folder.split, walk.root / folder.place, inside[folder.name]) for folder in ordered], notes


def _choose_splits(
    walk: Walk, top: Sequence[str], found: Sequence[SplitFolder], requested: Splits | None, reading: FolderReading
) -> list[SplitFolder]:
    """Return the folders that are splits, none where all are classes; raise DataError where the user must say."""
    usual = [folder for folder in found if folder.is_usual]
    splits = usual if "train" in {folder.split for folder in usual} else []
    if not splits and requested is not None:
        # A request for shares says that splits are not kept as they are; then any that are known as such are pooled.
        complete = [folder for folder in found if folder.is_complete]
        kinds = {folder.split for folder in complete}
        splits = complete if reading.is_other_data or ("train" in kinds and len(kinds) > 1) else []
    is_sure = len(splits) > 1 if reading.asks else bool(splits)
    has_usual_names = {folder.name for folder in splits} <= set(SPLITS)
    if is_sure and (has_usual_names or requested is not None):
        return splits
    if (reading.asks or is_sure) and (question := find_question(walk.root, top, found, walk.file_kind)):
        raise question.to_error(has_classes=reading.has_classes, is_other_data=reading.is_other_data)
    return splits


def _find_named_folders(walk: Walk, requested: Named) -> tuple[Folders, list[str]]:
    names = {split: getattr(requested, split) for split in SPLITS if getattr(requested, split) is not None}
    if len({(walk.root / name).resolve() for name in names.values()}) < len(names):
        raise DataError(
            f"data.splits: two splits name the same folder ({', '.join(names.values())}).\n"
            "Examples may be in one split only: give every split a folder of its own."
        )
    folders: Folders = []
    for split, name in names.items():
        folder = walk.root / name
        if not folder.is_dir():
            there = sorted(entry.name for entry in walk.root.iterdir() if entry.is_dir())
            raise DataError(
                f'data.splits.{split}: {walk.root} has no folder "{name}"{_suggest(name, there)}\n'
                f"There {'are ' + ', '.join(there) if there else 'is no sub-folder'}. Write one of them."
            )
        folder = walk.root / enter_split(walk.root, name, walk.file_kind)
        classes = walk.subfolders(folder)
        if not classes:
            raise DataError(_no_class_folders(folder, walk.file_kind))
        folders.append((split, folder, classes))
    taken = {Path(name).parts[0] for name in names.values() if Path(name).parts}
    others = [name for name in Walk(walk.root).subfolders(walk.root) if name not in taken]
    return folders, [f"ignored the folders beside the split folders: {', '.join(others[:20])}"] if others else []


def _refuse_nested(walk: Walk, top: list[str]) -> None:
    """Raise DataError where the only sub-folder is not a class but the place of the class folders."""
    probe, place, below = Walk(walk.root, file_kind=walk.file_kind, rules=walk.rules), walk.root, top
    while len(below) == 1 and not walk.holds(place / below[0]) and (inside := probe.subfolders(place / below[0])):
        place, below = place / below[0], inside
    if len(top) == 1 and len(below) > 1:
        inner = json.dumps(str(place), ensure_ascii=False)
        remedy = f"give --data {inner}" if other_data() else f'write "path": {inner}'
        only = place.relative_to(walk.root)
        raise DataError(
            f"data.path: {walk.root} has one sub-folder, {only}, which holds {', '.join(sorted(below)[:20])}.\n"
            f"If those are the classes, {remedy}."
        )


def _check_files(walk: Walk, images: list[ClassFile], without: Sequence[tuple[str, str]]) -> None:
    walk.refuse_unread_formats()
    if not images:
        seen = "; ".join(walk.ignored.notes()) or "its folders are empty"
        raise DataError(f"data.path: {walk.root} has {walk.file_kind.none} in it; {seen}.")
    labels = {image.label for image in images}
    empty = [place for label, place in without if label not in labels]
    if empty:
        raise DataError(
            f"data.path: these class folders of {walk.root} have no {walk.file_kind.noun}: {', '.join(empty)}.\n"
            f"Add {walk.file_kind.noun}s of the class, or take the folder away."
        )


def _refuse_empty_splits(walk: Walk, images: list[ClassFile], folders: Sequence[tuple[str, Path]]) -> None:
    """Raise DataError where a split's folder is there and has nothing in it: it would pass for a split not given."""
    held, noun = {image.split for image in images}, walk.file_kind.noun
    empty = [walk.relative(str(folder)) for split, folder in folders if split not in held]
    if empty:
        raise DataError(
            f"data.path: {walk.root} has the split folder {' and '.join(empty)} without class folders with {noun}s.\n"
            f"Add {noun}s to it, sorted into folders by class, or take the folder away."
        )


def _ask_about_inner_folders(
    walk: Walk, images: Sequence[ClassFile], requested: Splits | None, reading: FolderReading
) -> None:
    """Raise DataError where folders inside the classes may be splits or classes, and no option says which."""
    inside = list_inner_folders(images)
    if splits := find_inner_splits(inside):
        # Shares are the answer that the folders are to be pooled.
        if requested is None:
            raise explain_inner_splits(walk.root, inside, splits)
        return
    is_asked = reading.has_classes and not reading.listed
    if is_asked and (question := find_inner_classes(walk.root, inside)):
        raise question.to_error(has_classes=True, is_other_data=False)


def list_inner_folders(files: Sequence[ClassFile]) -> dict[str, set[str]]:
    """Return by top folder the names of the folders in it, an empty one for files directly in it.

    Nothing where the class folders are in folders of splits.
    """
    inside: dict[str, set[str]] = defaultdict(set)
    for file in files:
        top, *below = file.key.split("/")
        if file.split is not None or normalise(top) != normalise(file.label):
            return {}
        inside[top].add(below[0] if len(below) > 1 else "")
    return inside


def _first_folder(below: str) -> str:
    """Return the name of the sub-folder that a file is in, or nothing where it is in the folder itself."""
    return below.partition(os.sep)[0] if os.sep in below else ""


def _no_class_folders(folder: Path, file_kind: FileKind) -> str:
    held = (
        f"has {file_kind.noun}s directly in it, but no sub-folders"
        if holds(folder, file_kind)
        else "has no sub-folders"
    )
    return (
        f"data.path: {folder} {held}; it must have one sub-folder per class, as {folder.name}/cat/1{file_kind.example} "
        f"and {folder.name}/dog/2{file_kind.example}.\nSort the files into folders by class."
    )


def _suggest(name: str, choices: list[str]) -> str:
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else "."
