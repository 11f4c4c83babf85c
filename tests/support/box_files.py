"""Pictures with boxes and their XML files for the tests of data with boxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
