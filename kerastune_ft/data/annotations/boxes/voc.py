"""XML files as of Pascal VOC: one for each picture, with a name and four edges for every object.

Edges are taken as they are written. VOC itself counted pixels from 1 and named the last pixel inside; the tools of
today write edges, and half a pixel is less than they are drawn by.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from xml.etree import ElementTree

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, Splits
from kerastune_ft.data.annotations.base import Annotations
from kerastune_ft.data.annotations.boxes.base import UnusableAnnotationError, to_annotations
from kerastune_ft.data.annotations.boxes.beside import read_beside
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout, find_splits, list_files
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.labels.raw import BoxList
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.wording import counted, first_names

SUFFIXES = (".xml",)
_SHOWN = 3
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_SETS = {"train": "train", "val": "validation", "test": "test"}


def read(walk: Walk, options: FolderData, requested: Splits | None, context: ReadContext) -> Annotations:
    """Return the pictures that have an XML file of the same name, each with its boxes."""
    images, files, notes = list_files(walk, SUFFIXES)
    layout = Layout.of(options)
    pictures = layout.select_pictures(images, notes)
    splits = _read_sets(walk, pictures, notes) if requested is None else None
    if splits is None:
        splits = find_splits(pictures, layout, requested, str(walk.root), notes)
    named: dict[str, str] = {}

    def parse_one(content: bytes, key: str) -> BoxList:
        named[key] = _find_name(content)
        return parse(content, key)

    found, refused = read_beside(pictures, splits, files, layout, parse_one, lambda picture: None)
    notes += _compare_names(named, pictures)
    return to_annotations(found, refused, options, notes)


def _find_name(content: bytes) -> str:
    """Return the stem of the picture that an XML file names; "" where it names none."""
    found = re.search(rb"<filename>\s*([^<]*?)\s*</filename>", content)
    return PurePath(found[1].decode(errors="replace").replace("\\", "/")).stem if found else ""


def _compare_names(named: Mapping[str, str], pictures: Sequence[FoundFile]) -> list[str]:
    """Return what is said of files that name another picture of the data than the one of their own name."""
    stems = {picture.stem for picture in pictures}
    wrong = [
        f"{key} names {stem}" for key, stem in sorted(named.items()) if stem in stems and stem != PurePath(key).stem
    ]
    if not wrong:
        return []
    names = "XML file names" if len(wrong) == 1 else "XML files name"
    return [
        f"boxes: {len(wrong)} {names} another picture ({first_names(wrong, _SHOWN)}); the name of the file counts, "
        "so see that they are not exchanged"
    ]


def _read_sets(walk: Walk, pictures: Sequence[FoundFile], notes: list[str]) -> list[str | None] | None:
    """Return the splits of `ImageSets/Main/train.txt` and its like, which list stems; None where they are not there."""
    stems: dict[str, str] = {}
    for name, split in _SETS.items():
        path = str(walk.root / "ImageSets" / "Main" / f"{name}.txt")
        if storage.exists(path):
            words = storage.read(path).decode(errors="replace").splitlines()
            stems |= {line.split()[0]: split for line in words if line.split()}
    if len(set(stems.values())) < 2 or "train" not in stems.values():
        return None
    splits = [stems.get(picture.stem) for picture in pictures]
    notes.append(f"splits: taken from ImageSets/Main, which names {counted(len(stems), 'image')}")
    return splits


def parse(content: bytes, place: str) -> BoxList:
    """Return the boxes of an XML file; raise UnusableAnnotationError where it is none of VOC."""
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as problem:
        raise UnusableAnnotationError(f"is no XML that can be read: {problem}") from problem
    if root.tag != "annotation":
        raise UnusableAnnotationError(f"is no annotation of Pascal VOC: it begins with <{root.tag}>")
    objects = root.findall("object")
    names = [(one.findtext("name") or "").strip() for one in objects]
    sides = [_read_edges(one, number) for number, one in enumerate(objects, 1)]
    difficult = [(one.findtext("difficult") or "0").strip() not in ("0", "") for one in objects]
    return BoxList.make(sides, names, place, difficult=difficult, size=_read_size(root))


def _read_edges(one: ElementTree.Element, number: int) -> list[float]:
    """Return the four edges of an object, the `number`-th of its file."""
    if (box := one.find("bndbox")) is None:
        raise UnusableAnnotationError(f"object {number} has no <bndbox>")
    texts = [(box.findtext(edge) or "").strip() for edge in _EDGES]
    try:
        edges = [float(text) for text in texts]
    except ValueError:
        edges = [math.nan]
    if not all(map(math.isfinite, edges)):
        written = ", ".join(f"{edge} {text or 'missing'}" for edge, text in zip(_EDGES, texts, strict=True))
        raise UnusableAnnotationError(f"object {number} has edges that are no numbers: {written}")
    return edges


def _read_size(root: ElementTree.Element) -> tuple[int, int] | None:
    """Return height and width of the picture; None where they are not given, or 0 as some tools write."""
    texts = [(root.findtext(f"size/{side}") or "").strip() for side in ("height", "width")]
    try:
        height, width = (int(float(text)) for text in texts)
    except ValueError:
        return None
    return (height, width) if height > 0 and width > 0 else None
