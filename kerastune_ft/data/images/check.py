"""Checking image files before training: every one is decoded once, by what will decode it later.

What TensorFlow does not decode as wanted, see `reading`, is rewritten once as an 8-bit PNG in the cache directory.
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
from PIL import Image

from kerastune_ft import storage
from kerastune_ft.data.files.check import CheckedFile, FileCheck, explain_os_error
from kerastune_ft.data.files.fingerprint import content_identity, stamp
from kerastune_ft.data.images.dicom import MissingDecoderError, is_dicom
from kerastune_ft.data.images.intensity import UnusableImageError, to_png
from kerastune_ft.data.images.orientation import UPRIGHT
from kerastune_ft.data.images.reading import ImageReading, PreparedImage, decode_or_none, prepare, prepare_dicom
from kerastune_ft.data.images.value_range import Values
from kerastune_ft.data.source import Report
from kerastune_ft.stores.cached_folder import explain_cache

# Counted up when DICOM files give other pixels, so that stored features are not taken for those of today.
_DICOM_VERSION = 1
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
    """Whether EXIF asks viewers to turn or mirror the picture."""
    orientation: int = UPRIGHT
    """The EXIF orientation by which what is read has yet to be turned."""
    size: tuple[int, int] | None = None
    """Height and width, after turning; None where the file is no image."""
    values: Values | None = None
    """The values that occur; None where they were not looked at."""
    frames: int = 0
    """Of a DICOM file, the number of its frames; 0 for others."""
    has_window: bool = True
    """Whether anything but the values of a DICOM file's frame says what becomes 0 to 255."""


class ImageCheck(FileCheck[CheckedImage]):
    """Checks the image files of one data folder, remembering results in the cache directory."""

    noun = "image"

    def __init__(self, root: Path, cache_directory: Path, reading: ImageReading, report: Report):
        scope = " ".join(map(str, (root.absolute(), reading.intensity, *reading.key)))
        super().__init__(scope, cache_directory, report)
        self._converted = cache_directory / "converted"
        self._reading = reading
        self._huge = threading.Lock()

    def unusable(self, path: str, problem: str, is_missing: bool = False) -> CheckedImage:
        """Return the result of a file of which nothing else is known."""
        return CheckedImage(path, "", problem, is_missing)

    def _result(self, path: str, facts: dict[str, Any], status: os.stat_result) -> CheckedImage:
        deep, copy, size = (facts.get(key) for key in ("deep_range", "copy", "size"))
        return CheckedImage(
            str(self._converted / copy) if copy else path,
            facts["sha256"],
            facts.get("problem"),
            deep_range=tuple(deep) if deep else None,
            is_rotated=facts["rotated"],
            orientation=facts.get("orientation", UPRIGHT),
            size=tuple(size) if size else None,
            frames=facts.get("frames", 0),
            has_window=facts.get("has_window", True),
            stamp=None if copy else stamp(status),
            content=self._identify(facts),
            values=Values.from_json(facts["given"]) if "given" in facts else None,
        )

    def _identify(self, facts: dict[str, Any]) -> str:
        """Return the SHA-256 that the pixels follow from: the file's own, unless they are mapped or turned."""
        determining: list[Any] = [] if self._reading.intensity is None else [*self._reading.intensity]
        if turned := facts.get("turned"):
            determining += ["exif", turned]
        if facts.get("frames"):
            determining += ["dicom", _DICOM_VERSION, self._reading.window]
        return content_identity(facts["sha256"], *determining) if determining else facts["sha256"]

    def _is_complete(self, facts: dict[str, Any]) -> bool:
        # A file whose decoder was missing may be read today.
        known = "rotated" in facts and ("size" in facts or "problem" in facts) and "lacks" not in facts
        return known and ("copy" not in facts or self._is_whole(facts))

    def _examine(self, content: bytes) -> dict[str, Any]:
        """Return the facts about a file's content: its hash, and a problem, a range of values or a rewritten copy."""
        facts: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "rotated": False}
        try:
            prepared = self._prepare(content)
        except MissingDecoderError as problem:
            return facts | {"problem": str(problem), "lacks": "decoder"}
        except Exception as problem:  # Pillow's decoders raise almost anything on a hostile file.
            return facts | {"problem": explain_failure(content, problem)}
        # A cache that cannot keep a copy is no fault of the file.
        return facts | self._describe(facts["sha256"], prepared)

    def _prepare(self, content: bytes) -> PreparedImage:
        if is_dicom(content):
            return prepare_dicom(content, self._reading)
        with Image.open(io.BytesIO(content)) as image:
            is_huge = image.width * image.height > _HUGE_PIXELS
            with self._huge if is_huge else contextlib.nullcontext():
                return prepare(content, image, self._reading)

    def _describe(self, sha256: str, prepared: PreparedImage) -> dict[str, Any]:
        """Return the facts that a prepared image tells, after keeping the picture that stands for it."""
        facts: dict[str, Any] = {"rotated": prepared.is_rotated, "size": list(prepared.size)}
        if prepared.values is not None:
            facts["given"] = prepared.values.to_json()
            # Black among others may be; whether all are is for the set to say.
            if prepared.verdict.is_of_kind and prepared.problem:
                return facts | {"problem": prepared.problem}
        if prepared.turned != UPRIGHT:
            facts |= {"turned": prepared.turned, "orientation": prepared.orientation}
        if prepared.deep_range is not None:
            facts["deep_range"] = prepared.deep_range
        if prepared.frames:
            facts |= {"frames": prepared.frames, "has_window": prepared.has_window}
        if prepared.picture is not None:
            name = "-".join(map(str, (sha256, *(map(repr, self._reading.intensity or ())), *self._reading.key)))
            facts |= self._keep_copy(f"{name}.png", prepared.picture)
        return facts

    def _keep_copy(self, name: str, image: Image.Image) -> dict[str, Any]:
        """Write an 8-bit image as PNG into the cache directory and return the facts about it.

        Raises ResourceError where the disk is full.
        """
        place = self._converted / name
        with explain_cache(place):
            self._converted.mkdir(parents=True, exist_ok=True)
            partial = self._converted / f"{name}.{os.getpid()}-{threading.get_ident()}.partial"
            try:
                image.save(partial, "PNG", compress_level=1)
                os.replace(partial, place)
            except OSError:
                partial.unlink(missing_ok=True)
                raise
            return {"copy": name, "copy_bytes": place.stat().st_size}

    def _is_whole(self, facts: dict[str, Any]) -> bool:
        """Tell whether a copy is as long as it was; PNG has checksums of its own, which decoders compare."""
        try:
            return (self._converted / facts["copy"]).stat().st_size == facts.get("copy_bytes")
        except OSError:
            return False


def read_once(
    content: bytes,
    reading: ImageReading,
    decode: Callable[[bytes, int], Decoded],
    explain: Callable[[Image.Image], str | None] = lambda image: None,
) -> tuple[Decoded, PreparedImage]:
    """Return what `decode` makes of a file as a check would have it read, and what was learnt before decoding.

    `decode` gets encoded bytes and the EXIF orientation by which they have yet to be turned. For files that are looked
    at once, of which nothing is kept. Raise UnusableImageError where a check finds a problem, or `explain` returns one
    of the opened image.
    """
    if is_dicom(content):
        prepared = prepare_dicom(content, reading)
        assert prepared.picture is not None
        return decode(to_png(prepared.picture), UPRIGHT), prepared
    try:
        with Image.open(io.BytesIO(content)) as image:
            is_huge = image.width * image.height > _HUGE_PIXELS
            with _ONE_HUGE if is_huge else contextlib.nullcontext():
                prepared = prepare(content, image, reading, is_decodable=True)
                if problem := explain(image):
                    raise UnusableImageError(problem)
                _refuse(prepared)
                if prepared.picture is None:
                    with contextlib.suppress(tf.errors.InvalidArgumentError):
                        return decode(content, prepared.orientation), prepared
                    prepared = prepare(content, image, reading, is_decodable=False)
                    _refuse(prepared)
                assert prepared.picture is not None
                return decode(to_png(prepared.picture), prepared.orientation), prepared
    except (MemoryError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as problem:  # Pillow's decoders raise almost anything on a hostile file.
        raise UnusableImageError(explain_failure(content, problem)) from problem


def _refuse(prepared: PreparedImage) -> None:
    if prepared.problem:
        raise UnusableImageError(prepared.problem)
    if prepared.deep_range is not None:
        low, high = prepared.deep_range
        raise UnusableImageError(
            f"has more than 8 bits per channel, with values from {low:g} to {high:g}; convert it to 8 bits, or train "
            "with a range in data.intensity"
        )


def unreadable(path: str, is_accurate: bool) -> str | None:
    """Return why a file that was checked cannot be decoded any more, or None where it can."""
    try:
        content = storage.read(path)
    except FileNotFoundError:
        return "is not there any more"
    except OSError as problem:
        return explain_os_error(problem)
    return None if decode_or_none(content, is_accurate) is not None else "changed and cannot be read any more"


def explain_failure(content: bytes, problem: Exception) -> str:
    """Return in a few words why a file is no image that can be read."""
    if not content:
        return "is empty"
    if isinstance(problem, UnusableImageError):
        return str(problem)
    if content[:256].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return "is a web page or XML, no image"
    if isinstance(problem, Image.DecompressionBombError):
        return "is too large to be decoded safely"
    if isinstance(problem, Image.UnidentifiedImageError):
        return "is no image that can be read"
    return f"is damaged: {str(problem) or type(problem).__name__}"
