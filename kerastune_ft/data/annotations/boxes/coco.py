"""JSON files as of COCO: one for each split, which lists pictures, categories, and a box of left, top, width, height.

Categories are known by name: their ids may have gaps, and differ between files. Edges are left, top, left + width and
top + height.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from typing import Any, TypeGuard

from kerastune_ft import storage
from kerastune_ft.config.options.data import SPLITS, FolderData, Named, Splits
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.annotations.boxes.base import Boxed, Refusal, to_annotations
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout, PictureIndex, find_splits, list_files
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.labels.raw import BoxList
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.splits.names import split_names
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names, lines

SUFFIXES = (".json",)
_SECTIONS = ("images", "annotations", "categories")
_SHOWN = 5


@dataclass(frozen=True)
class CocoFile:
    """A JSON file of annotations."""

    file: FoundFile
    document: Mapping[str, Any]
    split: str | None

    @cached_property
    def categories(self) -> dict[Any, str]:
        """The name of each category by its id."""
        return {one["id"]: str(one["name"]) for one in self.document["categories"]}


@dataclass(frozen=True)
class CocoPicture:
    """A picture that a file lists, with its annotations."""

    picture: FoundFile
    split: str | None
    source: CocoFile
    record: Mapping[str, Any]
    annotations: Sequence[Mapping[str, Any]]

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width as the file has them; None where it does not say."""
        height, width = (self.record.get(side) for side in ("height", "width"))
        if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
            return height, width
        return None


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the pictures that JSON files list, each with its boxes."""
    notes: list[str] = []
    pictures, refused, files = find_pictures(walk, options, requested, notes)
    found = []
    for picture in pictures:
        boxes = _read_boxes(picture)
        match boxes:
            case Refusal():
                refused.append(boxes)
            case _:
                found.append(Boxed(picture.picture, picture.split, boxes))
    named = dict.fromkeys(name for file in files for name in file.categories.values())
    return to_annotations(found, refused, options, notes, named=list(named))


def find_pictures(
    walk: Walk, options: FolderData, requested: Splits | None, notes: list[str]
) -> tuple[list[CocoPicture], list[Refusal], list[CocoFile]]:
    """Return the pictures that the JSON files of a folder list, what cannot be used, and these files."""
    images, others, said = list_files(walk, SUFFIXES)
    notes += said
    files = _choose_splits(_read_files(walk, options, others), requested, notes)
    index, taken = PictureIndex(images), dict[str, CocoFile]()
    refused: list[Refusal] = []
    found: list[CocoPicture] = []
    double: list[tuple[str, str]] = []
    for file in files:
        annotations_of = _gather(file, refused)
        for record in file.document["images"]:
            name = str(record.get("file_name", ""))
            picture, why = index.find(name, file.file.folders, file.split)
            if picture is None:
                refused.append(Refusal(f"{name or 'an image without file_name'} of {file.file.key}", why, "on_missing"))
                continue
            if picture.key in taken:
                double.append((picture.key, f"in {taken[picture.key].file.key} and in {file.file.key}"))
            taken[picture.key] = file
            found.append(CocoPicture(picture, file.split, file, record, annotations_of.get(record.get("id"), ())))
    _refuse_double(double)
    unlisted = len(images) - len(taken)
    if unlisted:
        notes.append(f"ignored {counted(unlisted, 'image')} that no JSON file lists")
    if not any(file.split for file in files):
        keys = [one.picture for one in found]
        splits = find_splits(keys, Layout.of(options), requested, str(walk.root), notes)
        found = [
            CocoPicture(one.picture, split, one.source, one.record, one.annotations)
            for one, split in zip(found, splits, strict=True)
        ]
    return found, refused, files


def looks_like_coco(content: bytes) -> bool:
    """Return whether a JSON file has the sections of COCO, without reading it whole."""
    return all(f'"{section}"'.encode() in content for section in _SECTIONS)


def _read_files(walk: Walk, options: FolderData, others: Sequence[FoundFile]) -> list[tuple[FoundFile, Any]]:
    """Return the JSON files that are annotations, those that data.label names where it does."""
    wanted = [file for file in others if options.label is None or _is_named(file, options.label)]
    found: list[tuple[FoundFile, Any]] = []
    broken: list[tuple[str, str]] = []
    for file in wanted:
        content = storage.read(file.path)
        if not looks_like_coco(content):
            continue
        try:
            document = json.loads(content)
        except ValueError as problem:
            broken.append((file.key, f"is no JSON that can be read: {problem}"))
            continue
        if problem_text := _explain_form(document):
            broken.append((file.key, problem_text))
        else:
            found.append((file, document))
    if broken:
        raise DataError(f"data.path: annotations that cannot be read:\n{lines(broken)}\nWrite them again.")
    if not found:
        place = f"{walk.root}" + (f" by data.label {options.label}" if options.label else "")
        raise DataError(f"data.path: {place} has no JSON file with images, annotations and categories, as of COCO.")
    return found


def _is_named(file: FoundFile, label: str) -> bool:
    return fnmatch(file.key, label) or label in file.folders


def _explain_form(document: Any) -> str | None:
    """Return what a document lacks of COCO's form; None where it has it."""
    for section in _SECTIONS:
        entries = document.get(section) if isinstance(document, Mapping) else None
        if not isinstance(entries, list) or not all(isinstance(one, Mapping) for one in entries):
            return f"has no list of objects called {section}"
    if not all("id" in one and "name" in one for one in document["categories"]):
        return "has a category without id or name"
    ids = [one.get("id") for one in document["images"]]
    return "has several images of one id" if len(set(map(repr, ids))) < len(ids) else None


def _choose_splits(
    found: Sequence[tuple[FoundFile, Any]], requested: Splits | None, notes: list[str]
) -> list[CocoFile]:
    """Return the files with the split that the names of each say; None where their pictures' folders must say it."""
    words = [(*file.folders, file.stem) for file, _ in found]
    if isinstance(requested, Named):
        wanted = {value: split for split in SPLITS if (value := getattr(requested, split)) is not None}
        splits = [
            next((wanted[word] for word in (file.key, *each) if word in wanted), None)
            for (file, _), each in zip(found, words, strict=True)
        ]
        if any(splits):
            return _keep_named(found, splits, notes)
        return [CocoFile(file, document, None) for file, document in found]
    known = split_names(dict.fromkeys(word for each in words for word in each))
    names = [next((word for word in each if word in known), None) for each in words]
    splits = [None if name is None else known[name] for name in names]
    if requested is not None or "train" not in splits or len(set(splits) - {None}) < 2:
        return [CocoFile(file, document, None) for file, document in found]
    renamed = [f'"{name}" is taken as {known[name]}' for name in dict.fromkeys(names) if name and name != known[name]]
    if renamed:
        notes.append(f"splits: {first_names(renamed, _SHOWN)}")
    return _keep_named(found, splits, notes)


def _keep_named(
    found: Sequence[tuple[FoundFile, Any]], splits: Sequence[str | None], notes: list[str]
) -> list[CocoFile]:
    left = [file.key for (file, _), split in zip(found, splits, strict=True) if split is None]
    if left:
        notes.append(f"ignored {first_names(left, _SHOWN)}, which is of no split")
    return [CocoFile(*one, split) for one, split in zip(found, splits, strict=True) if split is not None]


def _gather(file: CocoFile, refused: list[Refusal]) -> dict[Any, list[Mapping[str, Any]]]:
    """Return the annotations by the id of their image; those of none that is listed are refused."""
    ids = {record.get("id") for record in file.document["images"]}
    found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
    for annotation in file.document["annotations"]:
        found[annotation.get("image_id")].append(annotation)
    if unknown := [key for key in found if key not in ids]:
        count = sum(len(found[key]) for key in unknown)
        shown = first_names([str(key) for key in unknown], _SHOWN)
        are = "belongs to an image" if count == 1 else "belong to images"
        refused.append(
            Refusal(file.file.key, f"{counted(count, 'annotation')} {are} that it does not list (image_id {shown})")
        )
    return found


def _refuse_double(double: Sequence[tuple[str, str]]) -> None:
    if double:
        raise DataError(
            f"data.path: images that are listed twice:\n{lines(double)}\n"
            "An example may be there once. Where several files annotate the same images, name those that are meant in "
            'data, as  "label": "annotations/instances_*.json"'
        )


def _read_boxes(picture: CocoPicture) -> BoxList | Refusal:
    categories = picture.source.categories
    sides, names, areas = [], [], []
    for annotation in picture.annotations:
        where = f"annotation {annotation.get('id', '?')} of {picture.source.file.key}"
        box = annotation.get("bbox")
        if not (isinstance(box, list) and len(box) == 4 and all(map(is_number, box))):
            return Refusal(picture.picture.key, f"{where} has no bbox of four numbers")
        if annotation.get("category_id") not in categories:
            return Refusal(picture.picture.key, f"{where} has the category {annotation.get('category_id')}, of none")
        left, top, width, height = box
        sides.append([left, top, left + width, top + height])
        names.append(categories[annotation["category_id"]])
        area = annotation.get("area", 0)
        areas.append(area if is_number(area) and area > 0 else math.nan)
    crowd = [bool(annotation.get("iscrowd")) for annotation in picture.annotations]
    return BoxList.make(sides, names, picture.source.file.key, crowd=crowd, areas=areas, size=picture.size)


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value of JSON is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
