"""Checking image files before training: every one is decoded once, by what will decode it later.

TensorFlow's decoders are the fastest and belong to its graphs, so what they read is left as it is. Anything else that
Pillow reads (palette or 32-bit BMP, TIFF, a PNG without its end mark), and every image whose intensities are to be
mapped, is rewritten once as an 8-bit PNG in the cache directory.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import tensorflow as tf
from PIL import ExifTags, Image

from kerastune_ft import storage
from kerastune_ft.data.files.check import CheckedFile, FileCheck, explain_os_error, read_content
from kerastune_ft.data.files.fingerprint import content_identity, stamp
from kerastune_ft.data.images.intensity import (
    Intensity,
    UnusableImageError,
    is_deep,
    map_image,
    map_to_png,
    to_eight_bits,
    to_png,
    value_range,
)
from kerastune_ft.data.source import Report

_NATIVE = ("JPEG", "PNG", "GIF")
_DICOM = "is a DICOM file; convert it with scripts/dicom_to_png.py"
_DICOM_SUFFIXES = (".dcm", ".dicom")
# Decoded one at a time: a dozen of them at once would not fit into memory.
_HUGE_PIXELS = 1 << 25
_ONE_HUGE = threading.Lock()

Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class CheckedImage(CheckedFile):
    """The result of checking one image file."""

    deep_range: tuple[float, float] | None = None
    """Smallest and largest value of a file with more than 8 bits, where no range to map was given."""
    is_rotated: bool = False
    """Whether EXIF asks viewers to turn or mirror the picture, which is not done here."""
    size: tuple[int, int] | None = None
    """Height and width; None where the file is no image."""


class ImageCheck(FileCheck[CheckedImage]):
    """Checks the image files of one data folder, remembering results in the cache directory."""

    noun = "image"

    def __init__(self, root: Path, cache_directory: Path, intensity: Intensity, report: Report):
        super().__init__(f"{root.absolute()} {intensity}", cache_directory, report)
        self._converted = cache_directory / "converted"
        self._intensity = intensity
        self._huge = threading.Lock()

    def unusable(self, path: str, problem: str, is_missing: bool = False) -> CheckedImage:
        """Return the result of a file of which nothing else is known."""
        return CheckedImage(path, "", problem, is_missing)

    def _result(self, path: str, facts: dict[str, Any], status: os.stat_result) -> CheckedImage:
        deep, copy, size = (facts.get(key) for key in ("deep_range", "copy", "size"))
        return CheckedImage(
            str(self._converted / copy) if copy else path,
            facts["sha256"],
            _problem(path, facts),
            deep_range=tuple(deep) if deep else None,
            is_rotated=facts["rotated"],
            size=tuple(size) if size else None,
            stamp=None if copy else stamp(status),
            content=facts["sha256"] if self._intensity is None else content_identity(facts["sha256"], *self._intensity),
        )

    def _is_complete(self, facts: dict[str, Any]) -> bool:
        copy = facts.get("copy")
        known = "rotated" in facts and ("size" in facts or "problem" in facts)
        return known and (copy is None or (self._converted / copy).exists())

    def _examine(self, content: bytes) -> dict[str, Any]:
        """Return the facts about a file's content: its hash, and a problem, a range of values or a rewritten copy."""
        facts: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "rotated": False}
        try:
            with Image.open(io.BytesIO(content)) as image:
                facts |= {"rotated": _is_rotated(image), "size": [image.height, image.width]}
                is_huge = image.width * image.height > _HUGE_PIXELS
                with self._huge if is_huge else contextlib.nullcontext():
                    return facts | self._decode_facts(facts["sha256"], content, image)
        except Exception as problem:  # Pillow's decoders raise almost anything on a hostile file.
            return facts | {"problem": explain_failure(content, problem)}

    def _decode_facts(self, sha256: str, content: bytes, image: Image.Image) -> dict[str, Any]:
        """Return what decoding the image tells: nothing, the range of its values, or the name of its copy."""
        if self._intensity is not None:
            low, high = self._intensity
            mapped = map_image(content, image, self._intensity)
            return {"copy": self._keep_copy(f"{sha256}-{low!r}-{high!r}.png", mapped)}
        if is_deep(content, image):
            return {"deep_range": value_range(content, image)}
        if image.format in _NATIVE and _tensorflow_reads(content):
            return {}
        return {"copy": self._keep_copy(f"{sha256}.png", to_eight_bits(image))}

    def _keep_copy(self, name: str, image: Image.Image) -> str:
        """Write an 8-bit image as PNG into the cache directory and return its name there."""
        self._converted.mkdir(parents=True, exist_ok=True)
        partial = self._converted / f"{name}.{os.getpid()}-{threading.get_ident()}.partial"
        image.save(partial, "PNG", compress_level=1)
        os.replace(partial, self._converted / name)
        return name


def read_once(path: str, intensity: Intensity, decode: Callable[[bytes], Decoded]) -> tuple[Decoded, bool]:
    """Return what `decode` makes of a file as a check would have it read, and whether EXIF asks for a turn.

    For files that are looked at once: each is read and decoded once, and nothing is kept. Raise UnusableImageError
    where a check finds a problem.
    """
    content = read_content(path, UnusableImageError)
    try:
        with Image.open(io.BytesIO(content)) as image:
            is_huge = image.width * image.height > _HUGE_PIXELS
            with _ONE_HUGE if is_huge else contextlib.nullcontext():
                return _decode_once(content, image, intensity, decode), _is_rotated(image)
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as problem:  # Pillow's decoders raise almost anything on a hostile file.
        raise UnusableImageError(_problem(path, {"problem": explain_failure(content, problem)})) from problem


def _decode_once(
    content: bytes, image: Image.Image, intensity: Intensity, decode: Callable[[bytes], Decoded]
) -> Decoded:
    if intensity is not None:
        return decode(map_to_png(content, intensity))
    if is_deep(content, image):
        low, high = value_range(content, image)
        raise UnusableImageError(
            f"has more than 8 bits per channel, with values from {low:g} to {high:g}; convert it to 8 bits, or train "
            "with a range in data.intensity"
        )
    if image.format in _NATIVE:
        with contextlib.suppress(tf.errors.InvalidArgumentError):
            return decode(content)
    return decode(to_png(to_eight_bits(image)))


def _is_rotated(image: Image.Image) -> bool:
    """Tell whether EXIF asks for a turn; Pillow turns a TIFF by itself, and damaged EXIF asks for nothing."""
    # Without the entry, Pillow would decode a whole PNG to look for it.
    if image.format == "TIFF" or "exif" not in image.info:
        return False
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
    except Exception:  # It raises almost anything too.
        return False


def _tensorflow_reads(content: bytes) -> bool:
    try:
        tf.io.decode_image(content, channels=0, expand_animations=False)
    except tf.errors.InvalidArgumentError:
        return False
    return True


def unreadable(path: str) -> str | None:
    """Return why a file that was checked cannot be decoded any more, or None where it can."""
    try:
        content = storage.read(path)
    except FileNotFoundError:
        return "is not there any more"
    except OSError as problem:
        return explain_os_error(problem)
    return None if _tensorflow_reads(content) else "changed and cannot be read any more"


def _problem(path: str, facts: dict[str, Any]) -> str | None:
    """Return the problem of a file, which its name knows better where it is DICOM without the usual first bytes."""
    problem = facts.get("problem")
    return _DICOM if problem and path.lower().endswith(_DICOM_SUFFIXES) else problem


def explain_failure(content: bytes, problem: Exception) -> str:
    """Return in a few words why a file is no image that can be read."""
    if not content:
        return "is empty"
    if content[128:132] == b"DICM":
        return _DICOM
    if isinstance(problem, UnusableImageError):
        return str(problem)
    if content[:256].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return "is a web page or XML, no image"
    if isinstance(problem, Image.DecompressionBombError):
        return "is too large to be decoded safely"
    if isinstance(problem, Image.UnidentifiedImageError):
        return "is no image that can be read"
    return f"is damaged: {str(problem) or type(problem).__name__}"
