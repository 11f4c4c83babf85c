"""Checking image files before training: every one is decoded once, by what will decode it later.

TensorFlow's decoders are the fastest and belong to its graphs, so what they read is left as it is. Anything else that
Pillow reads (palette or 32-bit BMP, TIFF, a PNG without its end mark), and every image whose intensities are to be
mapped, is rewritten once as an 8-bit PNG in the cache directory.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import ExifTags, Image

from kerastune_ft.data.fingerprint import FileRecords
from kerastune_ft.data.source import Report

_NATIVE = ("JPEG", "PNG", "GIF")
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_REPORT_SECONDS = 20.0

Intensity = tuple[float, float] | None
"""The range of values mapped to 0-255, or None to take 8-bit images as they are."""


@dataclass(frozen=True)
class CheckedImage:
    """What a check found out about one file."""

    path: str
    """The file to read: the original, or its rewritten copy."""
    sha256: str
    problem: str | None = None
    is_missing: bool = False
    deep_range: tuple[float, float] | None = None
    """Smallest and largest value of a file with more than 8 bits, where no range to map was given."""
    is_rotated: bool = False
    """Whether EXIF asks viewers to turn or mirror the picture, which is not done here."""


class ImageCheck:
    """Checks the image files of one data folder, remembering results in the cache directory."""

    def __init__(self, root: Path, cache_directory: Path, intensity: Intensity, report: Report):
        self._records = FileRecords(cache_directory, f"{root.absolute()} {intensity}")
        self._converted = cache_directory / "converted"
        self._intensity = intensity
        self._report = report

    def check(self, paths: Sequence[str]) -> list[CheckedImage]:
        """Return the result for every file, in order; only files not seen before are read."""
        checked: list[CheckedImage] = []
        reported = time.monotonic()
        pool = ThreadPoolExecutor(min(16, 2 + (os.cpu_count() or 1)))
        try:
            # A picture beyond Pillow's warning size is still a picture; one beyond its limit is refused.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for result in pool.map(self._checked, paths):
                    checked.append(result)
                    if time.monotonic() - reported > _REPORT_SECONDS:
                        reported = time.monotonic()
                        self._report(f"checked {len(checked)} of {len(paths)} image files")
        finally:
            # Stopped half way, the files still waiting are given up and what is known is kept.
            pool.shutdown(cancel_futures=True)
            self._records.save()
        return checked

    def _checked(self, path: str) -> CheckedImage:
        try:
            status = os.stat(path)
            facts = self._records.recall(path, status)
            if facts is None or not self._is_complete(facts):
                with open(path, "rb") as file:
                    facts = self._examined(file.read())
                self._records.remember(path, status, facts)
        except FileNotFoundError:
            return CheckedImage(path, "", "is not there (a broken link)", is_missing=True)
        except OSError as problem:
            return CheckedImage(path, "", (problem.strerror or str(problem)).lower())
        deep = facts.get("deep_range")
        copy = facts.get("copy")
        return CheckedImage(
            str(self._converted / copy) if copy else path,
            facts["sha256"],
            facts.get("problem"),
            deep_range=tuple(deep) if deep else None,
            is_rotated=facts["rotated"],
        )

    def _is_complete(self, facts: dict[str, Any]) -> bool:
        copy = facts.get("copy")
        return "rotated" in facts and (copy is None or (self._converted / copy).exists())

    def _examined(self, content: bytes) -> dict[str, Any]:
        """Return the facts about a file's content: its hash, and a problem, a range of values or a rewritten copy."""
        facts: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "rotated": False}
        try:
            with Image.open(io.BytesIO(content)) as image:
                facts["rotated"] = _is_rotated(image)
                is_deep = _is_deep(content, image)
                if is_deep and self._intensity is None:
                    values = _deep_values(content, image)
                    return facts | {"deep_range": [float(values.min()), float(values.max())]}
                if self._intensity is None and image.format in _NATIVE and _tensorflow_reads(content):
                    return facts
                return facts | {"copy": self._rewritten(facts["sha256"], content, image, is_deep)}
        except Exception as problem:  # Pillow's decoders raise almost anything on a hostile file.
            return facts | {"problem": _reason(content, problem)}

    def _rewritten(self, sha256: str, content: bytes, image: Image.Image, is_deep: bool) -> str:
        """Write the image as an 8-bit PNG into the cache directory and return its name there."""
        if self._intensity is None:
            plain, name = _plain(image), f"{sha256}.png"
        else:
            low, high = self._intensity
            values = _deep_values(content, image) if is_deep else np.asarray(_plain(image).convert("RGB"))
            scaled = np.clip((values.astype(np.float64) - low) * (255.0 / (high - low)), 0.0, 255.0)
            plain, name = Image.fromarray(np.round(scaled).astype(np.uint8)), f"{sha256}-{low:g}-{high:g}.png"
        self._converted.mkdir(parents=True, exist_ok=True)
        partial = self._converted / f"{name}.{os.getpid()}-{threading.get_ident()}.partial"
        plain.save(partial, "PNG", compress_level=1)
        os.replace(partial, self._converted / name)
        return name


def _is_deep(content: bytes, image: Image.Image) -> bool:
    """Tell whether a channel has more than 8 bits; Pillow hides it for a PNG with colours."""
    return image.mode in _DEEP_MODES or (image.format == "PNG" and content[24] == 16)


def _is_rotated(image: Image.Image) -> bool:
    """Tell whether EXIF asks for a turn; Pillow turns a TIFF by itself, and damaged EXIF asks for nothing."""
    # Without the entry, Pillow would decode a whole PNG to look for it.
    if image.format == "TIFF" or "exif" not in image.info:
        return False
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
    except Exception:  # It raises almost anything too.
        return False


def _deep_values(content: bytes, image: Image.Image) -> np.ndarray:
    """Return the values of an image of more than 8 bits, [height, width] or [height, width, 3]."""
    if image.format != "PNG":
        return np.asarray(image)
    values = tf.io.decode_png(content, dtype=tf.uint16).numpy()
    return values[..., 0] if values.shape[-1] < 3 else values[..., :3]


def _tensorflow_reads(content: bytes) -> bool:
    try:
        tf.io.decode_image(content, channels=0, expand_animations=False)
    except tf.errors.InvalidArgumentError:
        return False
    return True


def _plain(image: Image.Image) -> Image.Image:
    """Return an 8-bit image, grey or RGB, with its transparency kept."""
    image.load()
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _reason(content: bytes, problem: Exception) -> str:
    """Return in a few words why a file is no image that can be read."""
    if not content:
        return "is empty"
    if content[128:132] == b"DICM":
        return "is a DICOM file; convert it with scripts/dicom_to_png.py"
    if content[:256].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return "is a web page or XML, no image"
    if isinstance(problem, Image.DecompressionBombError):
        return "is too large to be decoded safely"
    if isinstance(problem, Image.UnidentifiedImageError):
        return "is no image that can be read"
    return f"is damaged: {str(problem) or type(problem).__name__}"
