"""Statistics of a sample of image files: bit depth, intensity range, size and aspect ratio."""

from __future__ import annotations

import io
import stat
import statistics
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from kerastune_ft import storage
from kerastune_ft.data.images.dicom import is_dicom, read_picture

_SAMPLE = 64
_LARGEST_DECODED = 40_000_000
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_LARGEST_LOOKED_AT = 1_000_000
_FULL_RANGE = (0.0, 65535.0)
_BRIGHT = 255.0
_HEAD = 256


@dataclass(frozen=True)
class ImageStatistics:
    """Statistics of a sample of the images."""

    opened: int
    unreadable: tuple[str, ...]
    deep: int
    """The number with more than 8 bits."""
    low: float
    high: float
    """The smallest and largest value of images with more than 8 bits."""
    side: int
    """The median of the shorter sides."""
    elongation: float
    """The median of longer side over shorter side."""
    dicom: int = 0
    """The number of DICOM files."""
    peak: float = 0.0
    """The largest value of small images of 8 bits; 0 where none was decoded."""


def sample(files: Sequence[str]) -> ImageStatistics:
    """Open a sample of the files, evenly spread over all of them, and return their statistics."""
    step = max(1, len(files) / _SAMPLE)
    chosen = [files[int(place * step)] for place in range(min(_SAMPLE, len(files)))]
    sizes: list[tuple[int, int]] = []
    ranges: list[tuple[float, float]] = []
    peaks: list[float] = []
    unreadable: list[str] = []
    dicom = 0
    with warnings.catch_warnings():
        # Pillow warns about large images, of which only the header is read.
        warnings.simplefilter("ignore")
        for path in chosen:
            try:
                size, found, is_medical, peak = _measure(path)
            except Exception:  # Pillow raises almost anything for a broken file; the run will report it.
                unreadable.append(path)
                continue
            sizes.append(size)
            dicom += is_medical
            ranges += [found] if found else []
            peaks.append(peak)
    return ImageStatistics(
        len(sizes),
        tuple(unreadable),
        len(ranges),
        min((low for low, _ in ranges), default=0.0),
        max((high for _, high in ranges), default=255.0),
        int(statistics.median(min(size) for size in sizes)) if sizes else 0,
        statistics.median(max(size) / max(1, min(size)) for size in sizes) if sizes else 1.0,
        dicom,
        max(peaks, default=0.0),
    )


def _measure(path: str) -> tuple[tuple[int, int], tuple[float, float] | None, bool, float]:
    """Return width and height, intensity range of more than 8 bits, whether it is DICOM, and else the largest value.

    A large image of 8 bits is not decoded, and counts as bright.
    """
    if not stat.S_ISREG(storage.status(path).st_mode):
        # Opening a pipe would wait for a writer forever.
        raise OSError("not a file")
    # Only the header of a local file is read.
    with io.BytesIO(storage.read(path)) if storage.is_remote(path) else open(path, "rb") as file:
        head = file.read(_HEAD)
        file.seek(0)
        if is_dicom(head):
            return read_picture(file.read()).picture.size, None, True, _BRIGHT
        with Image.open(file) as image:
            deep_png = image.format == "PNG" and head[24] == 16
            if image.mode in _DEEP_MODES and image.width * image.height <= _LARGEST_DECODED:
                values: Any = np.asarray(image)
                return image.size, (float(values.min()), float(values.max())), False, 0.0
            # Pillow reads the colours of a 16-bit PNG as 8 bits, so their range is unknown.
            if deep_png or image.mode in _DEEP_MODES:
                return image.size, _FULL_RANGE, False, 0.0
            is_small = image.width * image.height <= _LARGEST_LOOKED_AT
            peak = float(np.asarray(image.convert("RGB")).max()) if is_small else _BRIGHT
            return image.size, None, False, peak
