"""Text files as of YOLO: one for each picture, with a line of class, centre and size for each box.

Numbers are fractions of the width and height of the picture. A picture without a file has no objects. Classes are named
by the file data.yaml, or by classes.txt or obj.names; without any they are called by their numbers. A line with more
numbers is the outline of an object, whose box is the one around it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped, unused-ignore]

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.annotations.boxes.base import UnusableAnnotationError, to_annotations
from kerastune_ft.data.annotations.boxes.beside import read_beside
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout, find_splits, list_files
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.labels.raw import BoxList
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names, lines

SUFFIXES = (".txt", ".yaml", ".yml", ".names")
_LISTS = ("classes.txt", "obj.names", "predefined_classes.txt")
_SPLITS = {"train": "train", "val": "validation", "test": "test"}
# Numbers a line has: class, centre and size; or class and at least three corners.
_OF_BOX, _OF_OUTLINE = 5, 7
_LARGEST = 1.01


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the pictures of a folder with the boxes of the text files of the same names."""
    images, others, notes = list_files(walk, SUFFIXES)
    layout = Layout.of(options)
    pictures = layout.select_pictures(images, notes)
    config = find_config(others)
    names = _find_names(others, config)
    files = select_labels(others, pictures, layout)
    if not files:
        raise DataError(f"data.path: {walk.root} has no text file with the name of an image, as YOLO has them.")
    splits = _read_splits(pictures, config) if requested is None else None
    if splits is None:
        splits = find_splits(pictures, layout, requested, str(walk.root), notes)
    without: list[str] = []

    def make_empty(picture: FoundFile) -> BoxList:
        without.append(picture.key)
        return BoxList.make([], [], picture.key)

    found, refused = read_beside(
        pictures, splits, files, layout, lambda content, key: parse(content, key, names), make_empty
    )
    if without:
        are = "is an image" if len(without) == 1 else "are images"
        notes.append(f"boxes: {counted(len(without), 'image')} without a text file {are} without objects, as of YOLO")
    return to_annotations(found, refused, options, notes, are_fractions=True, named=list(names.values()))


def select_labels(others: Sequence[FoundFile], pictures: Sequence[FoundFile], layout: Layout) -> list[FoundFile]:
    """Return the text files that are labels: those named as a picture, and all in a folder for annotations."""
    places = {layout.place(picture) for picture in pictures}
    texts = [file for file in others if file.path.lower().endswith(".txt")]
    return [
        file
        for file in texts
        if layout.place(file) in places
        or ({name.casefold() for name in file.folders} & layout.annotations and file.key.split("/")[-1] not in _LISTS)
    ]


def parse(content: bytes, place: str, names: Mapping[int, str]) -> BoxList:
    """Return the boxes of a text file in fractions of the picture; raise UnusableAnnotationError for other lines."""
    classes, sides = [], []
    for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            values = [float(word) for word in words]
        except ValueError:
            values = [math.nan]
        if not all(map(math.isfinite, values)) or values[0] < 0 or values[0] != int(values[0]):
            raise UnusableAnnotationError(f'line {number} is "{line[:60]}", and not a class and numbers')
        index, rest = int(values[0]), values[1:]
        if len(values) != _OF_BOX and (len(values) < _OF_OUTLINE or len(rest) % 2):
            raise UnusableAnnotationError(
                f"line {number} has {len(values)} numbers; a box has {_OF_BOX}: class, centre x and y, width, height"
            )
        if max(rest) > _LARGEST or min(rest) < 1 - _LARGEST:
            raise UnusableAnnotationError(
                f"line {number} has {max(rest, key=abs):g}, and YOLO's numbers are fractions from 0 to 1"
            )
        if names and index not in names:
            raise UnusableAnnotationError(f"line {number} has the class {index}, and {len(names)} are named")
        classes.append(names.get(index, str(index)))
        sides.append(_find_sides(rest))
    return BoxList.make(sides, classes, place)


def _find_sides(numbers: Sequence[float]) -> list[float]:
    """Return the edges of a box that is given by centre and size, or by the corners of what is in it."""
    if len(numbers) == 4:
        x, y, width, height = numbers
        return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    return [min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])]


def find_config(others: Sequence[FoundFile]) -> Mapping[str, Any]:
    """Return the document of the file that names the classes, as data.yaml; empty where there is none."""
    found: list[tuple[FoundFile, Mapping[str, Any]]] = []
    for file in others:
        if file.path.lower().endswith((".yaml", ".yml")):
            try:
                document = yaml.safe_load(storage.read(file.path))
            except (yaml.YAMLError, UnicodeDecodeError) as problem:
                raise DataError(f"data.path: {file.key} is no YAML that can be read: {problem}") from problem
            if isinstance(document, Mapping) and isinstance(document.get("names"), list | Mapping):
                found.append((file, document))
    if len({str(document["names"]) for _, document in found}) > 1:
        raise DataError(
            "data.path: files that name the classes otherwise than each other:\n"
            f"{lines([(file.key, '') for file, _ in found])}\nLeave one of them."
        )
    return found[0][1] if found else {}


def _find_names(others: Sequence[FoundFile], config: Mapping[str, Any]) -> dict[int, str]:
    """Return the name of each class by its number; nothing where no file names them."""
    names = config.get("names")
    if isinstance(names, Mapping):
        try:
            return {int(number): str(name) for number, name in names.items()}
        except (TypeError, ValueError) as problem:
            raise DataError(
                f"data.path: the YAML file that names the classes has names by {first_names(map(str, names))}, and not "
                "by number; write  names: [crack, hole]  or  names: {0: crack, 1: hole}"
            ) from problem
    if isinstance(names, list):
        return dict(enumerate(map(str, names)))
    listed = [file for file in others if file.key.rsplit("/", 1)[-1] in _LISTS]
    contents = dict.fromkeys(storage.read(file.path).decode(errors="replace") for file in listed)
    if len(contents) > 1:
        raise DataError(
            f"data.path: {first_names([file.key for file in listed])} name other classes; leave one of them."
        )
    words = [line.strip() for content in contents for line in content.rstrip().splitlines()]
    # A class on an empty line has no name, and those behind it keep their numbers.
    return {number: word or str(number) for number, word in enumerate(words)}


def _read_splits(pictures: Sequence[FoundFile], config: Mapping[str, Any]) -> list[str | None] | None:
    """Return the splits that data.yaml names by folders; None where it names none that are apart."""
    folders_of = {split: _list_folders(config.get(key)) for key, split in _SPLITS.items()}

    def find(picture: FoundFile) -> list[str]:
        return [split for split, folders in folders_of.items() if any(_lies_in(picture, each) for each in folders)]

    found = [find(picture) for picture in pictures]
    there = {split for each in found for split in each}
    if len(there) < 2 or "train" not in there or any(len(each) > 1 for each in found):
        return None
    return [each[0] if each else None for each in found]


def _list_folders(value: Any) -> list[tuple[str, ...]]:
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    parts = [tuple(part for part in str(text).split("/") if part not in ("", ".", "..")) for text in texts]
    return [each for each in parts if each]


def _lies_in(picture: FoundFile, folder: tuple[str, ...]) -> bool:
    """Return whether a picture lies in a folder that is written from some place above."""
    own = picture.folders
    return any(own[start : start + len(folder)] == folder for start in range(len(own) - len(folder) + 1))
