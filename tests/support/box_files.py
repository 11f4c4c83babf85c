"""Pictures with boxes and their XML files for the tests of data with boxes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ObjectDetection
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from tests.support.image_files import encode_image, pixels, write

Box = tuple[str, float, float, float, float]
"""The class of a box and its edges: left, upper, right, lower."""
HEIGHT, WIDTH = 12, 16


def boxes(number: int) -> list[Box]:
    """Return the boxes of a picture: one of a large cell, mostly, and some of small ones; none of every fifth."""
    if number % 5 == 4:
        return []
    random = np.random.default_rng(number)
    found: list[Box] = [("large", 1, 2, 10 + number % 3, 11)] if number % 3 else []
    for _ in range(number % 4 + 1):
        left, upper = random.integers(0, 10, 2).tolist()
        found.append(("small", left, upper, left + 3, min(upper + 2, HEIGHT)))
    return list(dict.fromkeys(found))


def to_xml(found: Sequence[Box], size: tuple[int, int] | None = (HEIGHT, WIDTH), more: str = "") -> bytes:
    objects = "".join(
        f"<object><name>{name}</name>{more}<bndbox><xmin>{left}</xmin><ymin>{upper}</ymin><xmax>{right}</xmax>"
        f"<ymax>{lower}</ymax></bndbox></object>"
        for name, left, upper, right, lower in found
    )
    sides = f"<size><width>{size[1]}</width><height>{size[0]}</height><depth>3</depth></size>" if size else ""
    return f"<annotation><filename>x</filename>{sides}{objects}</annotation>".encode()


def write_picture(root: Path, key: str, number: int = 0) -> None:
    write(root / key, encode_image(pixels(number, HEIGHT, WIDTH)))


def write_voc(root: Path, count: int = 20, images: str = "images", annotations: str = "annotations") -> Path:
    for number in range(count):
        write_picture(root, f"{images}/{number:02}.png", number)
        write(root / annotations / f"{number:02}.xml", to_xml(boxes(number)))
    return root


NAMES = ("large", "small")


def write_pictures(root: Path, count: int = 20, images: str = "images") -> Path:
    for number in range(count):
        write_picture(root, f"{images}/{number:02}.png", number)
    return root


def to_coco(numbers: Sequence[int]) -> bytes:
    """Return the boxes of pictures as COCO has them: ids with gaps, and a parent that no box has."""
    annotations = [
        {"id": 100 * number + place, "image_id": number + 7, "category_id": 3 + 2 * NAMES.index(name),
         "bbox": [left, upper, right - left, lower - upper], "area": (right - left) * (lower - upper), "iscrowd": 0}
        for number in numbers
        for place, (name, left, upper, right, lower) in enumerate(boxes(number))
    ]  # fmt: skip
    document = {
        "images": [
            {"id": number + 7, "file_name": f"{number:02}.png", "height": HEIGHT, "width": WIDTH} for number in numbers
        ],
        "annotations": annotations,
        "categories": [{"id": 0, "name": "cells"}, {"id": 3, "name": "large"}, {"id": 5, "name": "small"}],
    }
    return json.dumps(document).encode()


def to_yolo(found: Sequence[Box]) -> bytes:
    return "".join(
        f"{NAMES.index(name)} {(left + right) / 2 / WIDTH:.6f} {(upper + lower) / 2 / HEIGHT:.6f} "
        f"{(right - left) / WIDTH:.6f} {(lower - upper) / HEIGHT:.6f}\n"
        for name, left, upper, right, lower in found
    ).encode()


def to_rows(numbers: Sequence[int], folder: str = "images/") -> bytes:
    rows = ["filename,class,xmin,ymin,xmax,ymax,width,height"]
    for number in numbers:
        for name, *sides in boxes(number) or [("", "", "", "", "")]:
            rows.append(",".join(map(str, (f"{folder}{number:02}.png", name, *sides, WIDTH, HEIGHT))))
    return "\n".join(rows).encode()


def opened(root: Path, unsplit: bool = False, task: dict[str, Any] | None = None, **options: Any) -> DataSource:
    own = ObjectDetection(kind="object_detection", **task or {})
    cache = root.parent / "cache"
    return open_source(FolderData(path=str(root), **options), own, cache, lambda _: None, unsplit=unsplit)
