"""Reading a folder's shape: class folders, with or without split folders above them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kerastune_ft.config.data import Fractions, Named
from kerastune_ft.data.source import SPLITS
from kerastune_ft.data.walk import Walk, holds_images
from kerastune_ft.errors import DataError

# How others call the splits; such a folder is never taken for a class without a word.
_SPLIT_WORDS = {
    "train": ("train", "training", "trn"),
    "validation": ("validation", "val", "valid", "validate", "dev", "eval", "evaluation"),
    "test": ("test", "testing", "tst", "holdout"),
}
_SPLIT_OF_WORD = {word: split for split, words in _SPLIT_WORDS.items() for word in words}


@dataclass(frozen=True)
class FoundImage:
    """An image file, the class folder it is in, and the split folder above that, if any."""

    path: str
    key: str
    label: str
    split: str | None


def found_images(walk: Walk, requested: Fractions | Named | None) -> tuple[list[FoundImage], list[str]]:
    """Return the image files of a data folder by class (and split), in order, and sentences for the user."""
    folders, notes = _split_folders(walk, requested)
    images: list[FoundImage] = []
    without: dict[str, str] = {}
    for split, folder, classes in folders:
        if holds_images(folder):
            notes.append(f"ignored the images directly in {walk.relative(str(folder))}, beside the class folders")
        for name in classes:
            label = walk.relative(str(folder / name)).rsplit("/", 1)[-1]
            paths = walk.images(folder / name)
            images += [FoundImage(path, walk.relative(path), label, split) for path in paths]
            if not paths:
                without[label] = walk.relative(str(folder / name))
    _check_found(walk, images, without)
    return images, notes


Folders = list[tuple[str | None, Path, list[str]]]
"""Split, folder, and the names of the class folders in it."""


def _split_folders(walk: Walk, requested: Fractions | Named | None) -> tuple[Folders, list[str]]:
    if isinstance(requested, Named):
        return _named_folders(walk, requested), []
    top = walk.subfolders(walk.root)
    inner = {name: walk.subfolders(walk.root / name) for name in top if _SPLIT_OF_WORD.get(name.casefold())}
    split_like = {name: classes for name, classes in inner.items() if classes and not holds_images(walk.root / name)}
    if "train" not in {_SPLIT_OF_WORD[name.casefold()] for name in split_like}:
        if not top:
            raise DataError(_no_class_folders(walk.root))
        _refuse_nested(walk, top)
        return [(None, walk.root, top)], []
    others = [name for name in top if name not in split_like]
    notes = [f"ignored the folders beside the split folders: {', '.join(others)}"] if others else []
    if isinstance(requested, Fractions):
        pooled = ", ".join(split_like)
        notes.append(f"splits: the folders {pooled} are pooled and divided anew, as data.splits gives fractions")
        return [(None, walk.root / name, classes) for name, classes in split_like.items()], notes
    if not set(split_like) <= set(SPLITS):
        raise DataError(_unusual_names(walk.root, list(split_like)))
    return [(name, walk.root / name, split_like[name]) for name in SPLITS if name in split_like], notes


def _named_folders(walk: Walk, requested: Named) -> Folders:
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
                f'data.splits.{split}: {walk.root} has no folder "{name}"{_nearest(name, there)}\n'
                f"There {'are ' + ', '.join(there) if there else 'is no sub-folder'}. Write one of them."
            )
        classes = walk.subfolders(folder)
        if not classes:
            raise DataError(_no_class_folders(folder))
        folders.append((split, folder, classes))
    return folders


def _refuse_nested(walk: Walk, top: list[str]) -> None:
    """Raise DataError where the only sub-folder is not a class but the place of the class folders."""
    if len(top) == 1:
        below = [entry.name for entry in (walk.root / top[0]).iterdir() if entry.is_dir()]
        if len(below) > 1 and not holds_images(walk.root / top[0]):
            raise DataError(
                f"data.path: {walk.root} has one sub-folder, {top[0]}, which holds {', '.join(sorted(below)[:20])}.\n"
                f'If those are the classes, write "path": {json.dumps(str(walk.root / top[0]))}.'
            )


def _check_found(walk: Walk, images: list[FoundImage], without: Mapping[str, str]) -> None:
    dicom = walk.ignored.dicom_files()
    if dicom:
        raise DataError(
            f"data.path: {walk.root} has {dicom} DICOM files, which are not read.\n"
            "Convert them to PNG first: python scripts/dicom_to_png.py FOLDER OUTPUT"
        )
    if not images:
        seen = "; ".join(walk.ignored.notes()) or "its folders are empty"
        raise DataError(f"data.path: {walk.root} has no image (JPEG, PNG, BMP, GIF, WebP or TIFF) in it; {seen}.")
    empty = [place for label, place in without.items() if label not in {image.label for image in images}]
    if empty:
        raise DataError(
            f"data.path: these class folders of {walk.root} have no image: {', '.join(empty)}.\n"
            "Add images of the class, or take the folder away."
        )


def _no_class_folders(folder: Path) -> str:
    held = "has images directly in it, but no sub-folders" if holds_images(folder) else "has no sub-folders"
    return (
        f"data.path: {folder} {held}; it must have one sub-folder per class, as {folder.name}/cat/1.jpg and "
        f"{folder.name}/dog/2.jpg.\nSort the files into folders by class."
    )


def _unusual_names(root: Path, names: list[str]) -> str:
    chosen: dict[str, str] = {}
    for split in SPLITS:
        words = [name for name in names if _SPLIT_OF_WORD[name.casefold()] == split]
        if words:
            chosen[split] = split if split in words else words[0]
    line = json.dumps(chosen, ensure_ascii=False)
    return (
        f"data.path: {root} has the folders {', '.join(names)}, which look like splits and not like classes.\n"
        f'If they are splits, write in data:  "splits": {line}\n'
        "If they are classes, rename them."
    )


def _nearest(name: str, choices: list[str]) -> str:
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    return f'; did you mean "{near[0]}"?' if near else "."
