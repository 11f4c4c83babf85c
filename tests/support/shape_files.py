"""The embedded `shapes` as files, in every form in which annotations of pictures come."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.data.embedded import shapes

Indices = Mapping[str, range]
SMALL: Indices = {"train": range(12), "validation": range(327, 331), "test": range(403, 407)}
"""A few pictures of every split; shapes 5, 329, 405 and 406 have no objects."""


def write_shapes(folder: Path, form: str, splits: Indices = SMALL) -> Path:
    """Write pictures of `shapes` and their annotations in one of FORMS; return the folder, or the table of `csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    return FORMS[form](folder, splits) or folder


def name_of(index: int) -> str:
    """Return the name of the file of a picture without its ending."""
    return f"shape_{index:03d}"


def _write_voc(folder: Path, splits: Indices) -> None:
    """Write {split}/images and {split}/annotations with an XML file a picture, as Pascal VOC."""
    for _, index, place in _write_pictures(folder, splits, "{split}/images"):
        lines = ["<annotation>", f"<filename>{place.name}</filename>"]
        lines.append(
            f"<size><width>{shapes.IMAGE_SIZE}</width><height>{shapes.IMAGE_SIZE}</height><depth>3</depth></size>"
        )
        for *sides, kind in shapes.boxes(index).tolist():
            box = "".join(f"<{key}>{side}</{key}>" for key, side in zip(_SIDES, sides, strict=True))
            lines.append(
                f"<object><name>{shapes.CLASSES[kind]}</name><difficult>0</difficult><bndbox>{box}</bndbox></object>"
            )
        target = place.parent.parent / "annotations" / f"{place.stem}.xml"
        target.parent.mkdir(exist_ok=True)
        target.write_text("\n".join([*lines, "</annotation>"]))


def _write_coco(folder: Path, splits: Indices) -> None:
    """Write {split} with pictures and _annotations.coco.json, as Roboflow: category 0 is a parent."""
    documents: dict[str, dict[str, Any]] = {}
    for split, index, place in _write_pictures(folder, splits, "{split}"):
        document = documents.setdefault(split, {"images": [], "annotations": [], "categories": _categories()})
        size = {"width": shapes.IMAGE_SIZE, "height": shapes.IMAGE_SIZE}
        document["images"].append({"id": index, "file_name": place.name, **size})
        instances = shapes.instances(index)
        for row, (left, top, right, bottom, kind) in enumerate(shapes.boxes(index).tolist(), 1):
            inside = instances == row
            document["annotations"].append(
                {
                    "id": sum(len(each["annotations"]) for each in documents.values()) + 1,
                    "image_id": index,
                    "category_id": kind + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": int(inside.sum()),
                    "segmentation": {"size": list(inside.shape), "counts": run_lengths(inside)},
                    "iscrowd": 0,
                }
            )
    for split, document in documents.items():
        (folder / split / "_annotations.coco.json").write_text(json.dumps(document))


def _write_yolo(folder: Path, splits: Indices) -> None:
    """Write images/{split}, labels/{split} and data.yaml, as Ultralytics does."""
    for split, index, place in _write_pictures(folder, splits, "images/{split}"):
        target = folder / "labels" / split / f"{place.stem}.txt"
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = []
        for left, top, right, bottom, kind in shapes.boxes(index).tolist():
            sides = np.array([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]) / shapes.IMAGE_SIZE
            rows.append(" ".join([str(kind), *(f"{side:.6f}" for side in sides)]))
        target.write_text("\n".join(rows))
    names = "\n".join(f"  {number}: {name}" for number, name in enumerate(shapes.CLASSES))
    said = {"train": "train", "validation": "val", "test": "test"}
    places = "\n".join(f"{said[split]}: images/{split}" for split in splits)
    (folder / "data.yaml").write_text(f"path: .\n{places}\nnames:\n{names}\n")


def _write_csv(folder: Path, splits: Indices) -> Path:
    """Write images and boxes.csv with a row a box; a picture without boxes has one row of empty cells."""
    table = folder / "boxes.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["split", "filename", "label", *_SIDES])
        for split, index, place in _write_pictures(folder, splits, "images"):
            for *sides, kind in shapes.boxes(index).tolist() or [[""] * 4 + [None]]:
                label = "" if kind is None else shapes.CLASSES[kind]
                writer.writerow([split, f"images/{place.name}", label, *sides])
    return table


def _write_masks(folder: Path, splits: Indices) -> None:
    """Write {split}/images and {split}/masks with the position in PIXEL_CLASSES as values."""
    for _, index, place in _write_pictures(folder, splits, "{split}/images"):
        target = place.parent.parent / "masks" / place.name
        target.parent.mkdir(exist_ok=True)
        Image.fromarray(shapes.mask(index)).save(target)


FORMS: Mapping[str, Callable[[Path, Indices], Path | None]] = {
    "voc": _write_voc,
    "coco": _write_coco,
    "yolo": _write_yolo,
    "csv": _write_csv,
    "masks": _write_masks,
}
_SIDES = ("xmin", "ymin", "xmax", "ymax")


def run_lengths(inside: np.ndarray) -> list[int]:
    """Return a mask as COCO's uncompressed run lengths: column by column, beginning with the pixels outside."""
    flat = np.concatenate([[False], inside.ravel(order="F"), [not inside[-1, -1]]])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(length) for length in np.diff(ends, prepend=0)]


def _categories() -> list[dict[str, Any]]:
    named = [{"id": number, "name": name, "supercategory": "shapes"} for number, name in enumerate(shapes.CLASSES, 1)]
    return [{"id": 0, "name": "shapes", "supercategory": "none"}, *named]


def _write_pictures(folder: Path, splits: Indices, below: str) -> Iterator[tuple[str, int, Path]]:
    """Write all pictures as PNG; give split, index and file of each."""
    for split, indices in splits.items():
        for index in indices:
            place = folder / below.format(split=split) / f"{name_of(index)}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(shapes.image(index)).save(place)
            yield split, index, place
