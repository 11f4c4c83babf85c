"""Boxes beside pictures: the format that the options name, or the one that is there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.annotations.boxes import coco, rows, voc, yolo
from kerastune_ft.data.annotations.boxes.base import UnusableAnnotationError
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout, list_files
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.errors import DataError

FORMATS: Mapping[str, Callable[..., Annotations]] = {
    "voc": voc.read,
    "coco": coco.read,
    "yolo": yolo.read,
    "boxes": rows.read,
}
"""By data.annotations, what reads such annotations."""
_AUTO = "auto"
NAMES = {
    "voc": "XML as of Pascal VOC",
    "coco": "JSON as of COCO",
    "yolo": "text files as of YOLO",
    "boxes": "a table with a row for each box",
}
"""The formats in words."""
# Files that are looked into, until one is of the format.
_TRIED = 5


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the pictures of a folder, each with its boxes."""
    name = choose_format(walk, options) if options.annotations == _AUTO else options.annotations
    return FORMATS[name](walk, options, requested, context)


def choose_format(walk: Walk, options: FolderData) -> str:
    """Return the format of the annotations in a folder; raise DataError where there is none, or more than one."""
    found = find_formats(walk, options)
    if len(found) == 1:
        return next(iter(found))
    if not found:
        said = ", ".join(NAMES.values())
        raise DataError(f"data.path: {walk.root} has no annotations of a format that is read, which are {said}.")
    listed = "; ".join(f"{NAMES[name]} ({key})" for name, key in found.items())
    raise DataError(
        f"data.path: {walk.root} has annotations of several formats: {listed}.\n"
        f'Say in data which is meant, as  "annotations": "{next(iter(found))}"'
    )


def find_formats(walk: Walk, options: FolderData) -> dict[str, str]:
    """Return the formats that files of a folder have, each with the first such file.

    Tables of boxes are looked for where there is nothing else: many sets have one beside, made from the others.
    """
    suffixes = {*voc.SUFFIXES, *coco.SUFFIXES, *yolo.SUFFIXES, *rows.SUFFIXES}
    images, others, _ = list_files(walk, suffixes)
    layout = Layout.of(options)
    ends = {suffix: [file for file in others if file.path.lower().endswith(suffix)] for suffix in suffixes}
    found = {
        "voc": _find_first(ends[".xml"], _is_voc),
        "coco": _find_first(ends[".json"], lambda file: coco.looks_like_coco(storage.read(file.path))),
        "yolo": _find_first(yolo.select_labels(others, layout.select_pictures(images, []), layout), _is_yolo),
    }
    if not any(found.values()):
        found["boxes"] = _find_first([file for end in rows.SUFFIXES for file in ends[end]], rows.is_table_of_boxes)
    return {name: key for name, key in found.items() if key is not None}


def _find_first(files: Sequence[FoundFile], fits: Callable[[FoundFile], bool]) -> str | None:
    return next((file.key for file in itertools.islice(files, _TRIED) if fits(file)), None)


def _is_voc(file: FoundFile) -> bool:
    try:
        voc.parse(storage.read(file.path), file.key)
    except UnusableAnnotationError as problem:
        return not str(problem).startswith(("is no annotation", "is no XML"))
    return True


def _is_yolo(file: FoundFile) -> bool:
    try:
        yolo.parse(storage.read(file.path), file.key, {})
    except UnusableAnnotationError:
        return False
    return True
