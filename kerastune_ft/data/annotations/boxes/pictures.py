"""The pictures of a folder with boxes: which files they are, and which splits their folders name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from kerastune_ft.config.options.data import SPLITS, FolderData, Named, Splits
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.splits.names import split_names
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names

# What tools call the folder of the pictures, and that of the annotations beside it.
_PICTURE_FOLDERS = frozenset(("images", "jpegimages", "imgs", "img", "image", "pictures", "photos", "frames"))
_ANNOTATION_FOLDERS = frozenset(("annotations", "annotation", "labels", "label", "xml", "xmls", "anns", "ann"))
_SHOWN = 5


@dataclass(frozen=True)
class FoundFile:
    """A file below the folder of the data."""

    path: str
    key: str
    """The path below the folder of the data."""

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders above it, from that of the data down."""
        return tuple(self.key.split("/")[:-1])

    @property
    def stem(self) -> str:
        """Its name without suffix."""
        return os.path.splitext(self.key.rsplit("/", 1)[-1])[0]


@dataclass(frozen=True)
class Layout:
    """The folders of pictures and of annotations, which stand for the same place."""

    pictures: frozenset[str]
    annotations: frozenset[str]

    @classmethod
    def of(cls, options: FolderData) -> Layout:
        """Return the names that the options give, or else the usual ones."""
        pictures = frozenset((options.input.casefold(),)) if options.input else _PICTURE_FOLDERS
        return cls(pictures, frozenset((options.label.casefold(),)) if options.label else _ANNOTATION_FOLDERS)

    def shorten(self, folders: Sequence[str]) -> tuple[str, ...]:
        """Return the folders that say more than that pictures or annotations are in them."""
        usual = self.pictures | self.annotations
        return tuple(name for name in folders if name.casefold() not in usual)

    def place(self, file: FoundFile) -> tuple[str, ...]:
        """Return what a picture and its annotation have alike: their folders, as far as they tell, and their stem."""
        return (*self.shorten(file.folders), file.stem)

    def select_pictures(self, found: Sequence[FoundFile], notes: list[str]) -> list[FoundFile]:
        """Return the pictures among all images: those in folders for pictures, where there are such."""
        inside = [file for file in found if {name.casefold() for name in file.folders} & self.pictures]
        if not inside or len(inside) == len(found):
            return list(found)
        names = dict.fromkeys(name for file in inside for name in file.folders if name.casefold() in self.pictures)
        notes.append(f"ignored {counted(len(found) - len(inside), 'image')} outside of {first_names(names, _SHOWN)}")
        return inside


def list_files(walk: Walk, suffixes: Iterable[str]) -> tuple[list[FoundFile], list[FoundFile], list[str]]:
    """Return the images below the folder of the data, the files with other suffixes, and sentences on what is ignored.

    Raises DataError where there is no image.
    """
    wanted = frozenset(suffixes)
    kind = replace(walk.file_kind, suffixes=walk.file_kind.suffixes | wanted)
    every = Walk(walk.root, file_kind=kind, rules=walk.rules)
    found = [FoundFile(path, every.relative(path)) for path in every.files(walk.root)]
    others = [file for file in found if os.path.splitext(file.path)[1].lower() in wanted]
    known = {file.path for file in others}
    images = [file for file in found if file.path not in known]
    if not images:
        raise DataError(f"data.path: {walk.root} has {walk.file_kind.none} in it.")
    return images, others, every.ignored.notes()


def find_splits(
    found: Sequence[FoundFile], layout: Layout, requested: Splits | None, place: str, notes: list[str]
) -> list[str | None]:
    """Return the split that the folders of each picture name; None for all where they name none.

    `place` is the folder of the data, for messages. With splits, pictures beside their folders have none either.
    """
    if isinstance(requested, Named):
        return _find_named(found, layout, requested, place, notes)
    folders = [layout.shorten(file.folders) for file in found]
    known = split_names(dict.fromkeys(name for each in folders for name in each))
    splits = [next((known[name] for name in each if name in known), None) for each in folders]
    there = [split for split in SPLITS if split in splits]
    if len(there) < 2:
        return [None] * len(found)
    names = [name for name in known if any(name in each for each in folders)]
    if requested is not None:
        notes.append(f"splits: the folders {', '.join(names)} are pooled and divided anew, as data.splits says")
        return [None] * len(found)
    if "train" not in there:
        raise DataError(
            f"data.path: {place} has images in {first_names(names, _SHOWN)}, and none to train on.\n"
            f'Say in data which is which, as  "splits": {{"train": "{names[0]}"}}'
        )
    if renamed := [f'"{name}" is taken as {known[name]}' for name in names if name != known[name]]:
        notes.append(f"splits: {first_names(renamed, _SHOWN)}")
    return splits


def _find_named(
    found: Sequence[FoundFile], layout: Layout, requested: Named, place: str, notes: list[str]
) -> list[str | None]:
    wanted = {
        tuple(value.strip("/").split("/")): split
        for split in SPLITS
        if (value := getattr(requested, split)) is not None
    }

    def find(file: FoundFile) -> str | None:
        for folders in (file.folders, layout.shorten(file.folders)):
            for name, split in wanted.items():
                if folders[: len(name)] == name:
                    return split
        return None

    splits = [find(file) for file in found]
    if missing := [(split, "/".join(name)) for name, split in wanted.items() if split not in splits]:
        split, name = missing[0]
        tops = dict.fromkeys("/".join(layout.shorten(file.folders)) for file in found)
        raise DataError(
            f'data.splits.{split}: {place} has no images in a folder "{name}".\n'
            f"There are images in {first_names(filter(None, tops), _SHOWN) or 'no sub-folder'}. Write one of them."
        )
    return splits


class PictureIndex:
    """Pictures by the names that annotations call them."""

    def __init__(self, pictures: Sequence[FoundFile]) -> None:
        self._by_name: dict[str, list[FoundFile]] = {}
        for picture in pictures:
            self._by_name.setdefault(picture.key.rsplit("/", 1)[-1], []).append(picture)

    def find(self, name: str, beside: Sequence[str], split: str | None = None) -> tuple[FoundFile | None, str]:
        """Return the picture of a name, or None with the reason.

        Of several with the same last part of the path it is the one that agrees in most parts before it, then the
        nearest to the folders `beside`, in which the annotation lies, and then the one in folders of its `split`.
        """
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
        found = self._by_name.get(parts[-1], []) if parts else []
        if len(found) > 1:
            found = _select_best(found, lambda file: _count_equal(reversed(file.key.split("/")), reversed(parts)))
        if len(found) > 1:
            found = _select_best(found, lambda file: _count_equal(file.folders, beside))
        if len(found) > 1 and split is not None:
            known = split_names(dict.fromkeys(folder for file in found for folder in file.folders))
            found = _select_best(found, lambda file: int(split in map(known.get, file.folders)))
        if len(found) == 1:
            return found[0], ""
        return None, f"may be {found[0].key} or {found[1].key}" if found else "is not there"


def _count_equal(one: Iterable[str], other: Iterable[str]) -> int:
    """Return in how many of their first parts two paths agree."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _select_best(files: Sequence[FoundFile], score: Callable[[FoundFile], int]) -> list[FoundFile]:
    scores = [score(file) for file in files]
    return [file for file, own in zip(files, scores, strict=True) if own == max(scores)]
