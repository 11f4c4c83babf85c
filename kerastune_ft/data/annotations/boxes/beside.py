"""Formats with a file of annotations for every picture, of the same name in a folder beside, or in the same one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from kerastune_ft import storage
from kerastune_ft.data.annotations.boxes.base import Boxed, Refusal, UnusableAnnotationError
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout
from kerastune_ft.data.files.check import explain_os_error
from kerastune_ft.data.labels.raw import BoxList
from kerastune_ft.errors import DataError
from kerastune_ft.wording import lines

_AT_ONCE = 16


def read_beside(
    pictures: Sequence[FoundFile],
    splits: Sequence[str | None],
    files: Sequence[FoundFile],
    layout: Layout,
    parse: Callable[[bytes, str], BoxList],
    without: Callable[[FoundFile], BoxList | None],
) -> tuple[list[Boxed], list[Refusal]]:
    """Return the pictures with the boxes of their files, and what cannot be used.

    `parse` reads the content of a file, given its key, and raises UnusableAnnotationError; `without` gives the boxes of
    a picture that has no file, None where it must have one. Raises DataError where a name does not say what belongs
    together.
    """
    file_of = _by_place(files, layout, "annotations")
    picture_of = _by_place(pictures, layout, "images")
    refused = [
        Refusal(file.key, "has no image of the same name", "on_missing")
        for place, file in file_of.items()
        if place not in picture_of
    ]

    def read(place: tuple[str, ...]) -> BoxList | Refusal:
        picture, file = picture_of[place], file_of.get(place)
        if file is None:
            boxes = without(picture)
            return Refusal(picture.key, "has no annotation of the same name", "on_missing") if boxes is None else boxes
        try:
            return parse(storage.read(file.path), file.key)
        except OSError as problem:
            return Refusal(file.key, explain_os_error(problem))
        except UnusableAnnotationError as problem:
            return Refusal(file.key, str(problem))

    split_of = {picture.key: split for picture, split in zip(pictures, splits, strict=True)}
    found: list[Boxed] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for (_, picture), read_boxes in zip(picture_of.items(), pool.map(read, picture_of), strict=True):
            match read_boxes:
                case Refusal():
                    refused.append(read_boxes)
                case boxes:
                    found.append(Boxed(picture, split_of[picture.key], boxes))
    return found, refused


def _by_place(files: Sequence[FoundFile], layout: Layout, what: str) -> dict[tuple[str, ...], FoundFile]:
    found: dict[tuple[str, ...], FoundFile] = {}
    double: list[tuple[str, str]] = []
    for file in files:
        other = found.setdefault(layout.place(file), file)
        if other is not file:
            double.append((other.key, f"and {file.key}"))
    if double:
        raise DataError(
            f"data.path: {what} of the same name, of which one cannot tell which belongs to which:\n{lines(double)}\n"
            'Name their folders in data, as  "input": "images", "label": "annotations"'
        )
    return found
