"""Labels that are the names of folders: one folder per class, with or without split folders above them."""

from __future__ import annotations

import difflib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastune_ft.config.options.data import SPLITS, FolderData, Named, Splits
from kerastune_ft.data.annotations.base import AnnotatedFile, Annotations
from kerastune_ft.data.files.find import FileKind, Walk, holds
from kerastune_ft.data.labels.raw import SingleLabels
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.splits.names import SPLIT_OF_WORD
from kerastune_ft.errors import DataError


@dataclass(frozen=True)
class ClassFile(AnnotatedFile):
    """A file, the class folder it is in, and the split folder above that, if any."""

    label: str


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the files of class folders, each with the name of its folder as its label."""
    files, notes = find_class_files(walk, requested)
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


def find_class_files(walk: Walk, requested: Splits | None) -> tuple[list[ClassFile], list[str]]:
    """Return the files of a data folder by class (and split), in order, and sentences for the user."""
    folders, notes = _find_split_folders(walk, requested)
    images: list[ClassFile] = []
    without: list[tuple[str, str]] = []
    inside: dict[str, set[str]] = defaultdict(set)
    for split, folder, classes in folders:
        if walk.holds(folder):
            place = walk.relative(str(folder))
            notes.append(f"ignored the {walk.file_kind.noun}s directly in {place}, beside the class folders")
        for name in classes:
            label = walk.relative(str(folder / name)).rsplit("/", 1)[-1]
            paths = walk.files(folder / name)
            images += [ClassFile(path, walk.relative(path), split, label) for path in paths]
            start = len(os.path.join(folder, name, ""))
            inside[label].update(_first_folder(path[start:]) for path in paths)
            if not paths:
                without.append((label, walk.relative(str(folder / name))))
    _check_files(walk, images, without)
    _refuse_empty_splits(walk, images, [(split, folder) for split, folder, _ in folders if split is not None])
    notes += [f"the class folder {place} has no {walk.file_kind.noun}" for _, place in without]
    return images, notes + _find_merged(inside)


Folders = list[tuple[str | None, Path, list[str]]]
"""Split, folder, and the names of the class folders in it."""


def _find_split_folders(walk: Walk, requested: Splits | None) -> tuple[Folders, list[str]]:
    if isinstance(requested, Named):
        return _find_named_folders(walk, requested), []
    top = walk.subfolders(walk.root)
    inner = {name: walk.subfolders(walk.root / name) for name in top if SPLIT_OF_WORD.get(name.casefold())}
    split_like = {name: classes for name, classes in inner.items() if classes and not walk.holds(walk.root / name)}
    if "train" not in {SPLIT_OF_WORD[name.casefold()] for name in split_like}:
        if not top:
            raise DataError(_no_class_folders(walk.root, walk.file_kind))
        _refuse_nested(walk, top)
        return [(None, walk.root, top)], []
    others = [name for name in top if name not in split_like]
    if requested is None:
        unused = [(name, walk.root / name) for name in others if name in inner and name in SPLITS]
        _refuse_empty_splits(walk, [], [(split, folder) for split, folder in unused if not walk.holds(folder)])
    notes = [f"ignored the folders beside the split folders: {', '.join(others)}"] if others else []
    if requested is not None:
        pooled = ", ".join(split_like)
        notes.append(f"splits: the folders {pooled} are pooled and divided anew, as data.splits says")
        return [(None, walk.root / name, classes) for name, classes in split_like.items()], notes
    if not set(split_like) <= set(SPLITS):
        raise DataError(_unusual_names(walk.root, list(split_like)))
    return [(name, walk.root / name, split_like[name]) for name in SPLITS if name in split_like], notes


def _find_named_folders(walk: Walk, requested: Named) -> Folders:
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
        classes = walk.subfolders(folder)
        if not classes:
            raise DataError(_no_class_folders(folder, walk.file_kind))
        folders.append((split, folder, classes))
    return folders


def _refuse_nested(walk: Walk, top: list[str]) -> None:
    """Raise DataError where the only sub-folder is not a class but the place of the class folders."""
    if len(top) == 1:
        below = [entry.name for entry in (walk.root / top[0]).iterdir() if entry.is_dir()]
        if len(below) > 1 and not walk.holds(walk.root / top[0]):
            raise DataError(
                f"data.path: {walk.root} has one sub-folder, {top[0]}, which holds {', '.join(sorted(below)[:20])}.\n"
                f'If those are the classes, write "path": {json.dumps(str(walk.root / top[0]))}.'
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


def _first_folder(below: str) -> str:
    """Return the name of the sub-folder that a file is in, or nothing where it is in the folder itself."""
    return below.partition(os.sep)[0] if os.sep in below else ""


def _find_merged(inside: Mapping[str, set[str]]) -> list[str]:
    """Return a sentence for each set of sub-folders that hold all images of several classes."""
    classes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for label, names in inside.items():
        if len(names) > 1 and "" not in names:
            classes[tuple(sorted(names))].append(label)
    return [
        f"the folders {', '.join(names[:20])} inside the classes {', '.join(labels[:20])} were merged; if they are "
        f"splits, put them above the class folders, as {names[0]}/{labels[0]}; if they are the classes, move them up"
        for names, labels in classes.items()
        if len(labels) > 1
    ]


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


def likely_splits(names: Iterable[str]) -> dict[str, str]:
    """Return, by split, the folder among `names` that holds it by its name: as written here, or as others call it."""
    chosen: dict[str, str] = {}
    for name in names:
        split = SPLIT_OF_WORD.get(name.casefold())
        if split and (split not in chosen or name == split):
            chosen[split] = name
    return {split: chosen[split] for split in SPLITS if split in chosen}


def _unusual_names(root: Path, names: list[str]) -> str:
    chosen = likely_splits(names)
    line = json.dumps(chosen, ensure_ascii=False)
    return (
        f"data.path: {root} has the folders {', '.join(names)}, which look like splits and not like classes.\n"
        f'If they are splits, write in data:  "splits": {line}\n'
        "If they are classes, rename them."
    )


def _suggest(name: str, choices: list[str]) -> str:
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else "."
