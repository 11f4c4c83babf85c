"""Small image files for the tests of data sources."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft.data.source import DataSource

Open = Callable[..., DataSource]
"""Opens a source of one kind: its path or name, the task's classes, other options."""


def pixels(seed: int = 0, height: int = 12, width: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def encode_image(image: Image.Image | np.ndarray, format: str = "PNG", **options: Any) -> bytes:
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def put_exif_behind(png: bytes, exif: Image.Exif) -> bytes:
    """Return a PNG with EXIF behind its pixels, where cameras write it that know the picture first."""
    chunk = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    place = png.index(b"IEND") - 4
    return png[:place] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[place:]


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def class_folders(root: Path, count: int = 10, classes: tuple[str, ...] = ("cat", "dog"), seed: int = 0) -> Path:
    """Write `count` different images for each class."""
    for number, name in enumerate(classes):
        for index in range(count):
            write(root / name / f"{index}.png", encode_image(pixels(seed + 1000 * number + index)))
    return root
