"""DICOM files, read by pydicom: the stored values of one frame as the 8-bit picture that a viewer shows.

The order is that of the standard (PS3.3 C.11): stored values, modality (rescale slope and intercept, or a table), a
window or a range, and at last the direction of grey. Nothing of a file but its pixels leaves this module.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from kerastune_ft.data.images.intensity import Intensity, UnusableImageError, map_intensity

INSTALL = 'python -m pip install "pydicom>=3"'
"""The command that installs what reads these files; the extra `medical` has it too."""

_MARK, _MARK_AT = b"DICM", 128
# Files without the mark begin with a group of the header, its low byte first.
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
_DECODERS = "python -m pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg python-gdcm"
_QUOTED = re.compile(r"(['\"]).*?\1")
_GREY = ("MONOCHROME1", "MONOCHROME2")
_PALETTE = "PALETTE COLOR"
_COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420", _PALETTE)
# The filters of warnings are of the whole process, so one file at a time may change them.
_ONE_AT_A_TIME = threading.Lock()

Window = tuple[float, float] | None
"""Centre and width of the window that becomes 0 to 255; None for the file's own."""


class MissingDecoderError(UnusableImageError):
    """The package that reads a file is not installed."""


@dataclass(frozen=True)
class DicomPicture:
    """The picture of a DICOM file."""

    picture: Image.Image
    """8 bits, grey or RGB."""
    frames: int
    """The number of frames in the file, of which the middle one is the picture."""
    has_window: bool
    """Whether a window, a range, 8 bits or colours say what becomes 0 to 255, and not the values of the frame."""


def is_dicom(content: bytes) -> bool:
    """Return whether bytes are a DICOM file, by the mark in it, or as files without one begin."""
    if content[_MARK_AT : _MARK_AT + len(_MARK)] == _MARK:
        return True
    return content[:2] in _FIRST_GROUPS and content[3:4] == b"\0" and len(content) > _MARK_AT


def read_picture(content: bytes, window: Window = None, intensity: Intensity = None) -> DicomPicture:
    """Return the picture of a DICOM file, of several frames the middle one (the later of two).

    `window`, or a range of values `intensity` after the modality transform, becomes 0 to 255; without either it is the
    file's own first window, or its table of them; without those, all that up to 8 bits hold, or the values from the
    smallest to the largest of the frame. Pixels of padding are black. Raises UnusableImageError for files that have no
    picture or cannot be decoded, MissingDecoderError without pydicom or the decoder of a compressed file.
    """
    try:
        import pydicom
    except ImportError as problem:
        raise MissingDecoderError(f"is a DICOM file, which pydicom reads: {INSTALL}") from problem
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        # What is not quite as the standard says, and read even so.
        warnings.simplefilter("ignore")
        try:
            header = pydicom.dcmread(io.BytesIO(content), force=True)
            if not any(name in header for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
                raise UnusableImageError("is DICOM without a picture, as a report or a plan")
            frames = int(header.get("NumberOfFrames") or 1)
            frame = frames // 2
            stored = _decode(header, frame)
            return _show(header, stored, frame, frames, window, intensity)
        except (UnusableImageError, MemoryError):
            raise
        except Exception as problem:  # pydicom raises almost anything on a damaged file.
            # In quotes are values of the file, of which no message may have any.
            said = _QUOTED.sub("...", " ".join(str(problem).split()))
            raise UnusableImageError(f"is damaged DICOM: {said[:200] or type(problem).__name__}") from problem


def apply_window(values: np.ndarray, centre: float, width: float, function: str = "LINEAR") -> np.ndarray:
    """Return values through a window as 0.0 to 255.0, by the standard's function of that name (C.11.2.1).

    LINEAR counts from the middle of the window's first value to the middle of its last; LINEAR_EXACT does not, and
    SIGMOID has no ends.
    """
    if function == "SIGMOID":
        # Far outside the window the exponential would overflow.
        return 255.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / width, -700.0, 700.0)))
    if function == "LINEAR_EXACT":
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0) * 255.0
    if width <= 1:
        return np.where(values > centre - 0.5, 255.0, 0.0)
    return np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0) * 255.0


def _decode(header: Any, frame: int) -> np.ndarray:
    """Return the stored values of a frame, [height, width] or RGB [height, width, 3]."""
    from pydicom.pixels import pixel_array
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    meta = getattr(header, "file_meta", None)
    if meta is not None and "TransferSyntaxUID" not in meta:
        is_implicit, is_little = header.original_encoding
        explicit = ExplicitVRLittleEndian if is_little else ExplicitVRBigEndian
        meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else explicit
    try:
        values: np.ndarray = pixel_array(header, index=frame)
    except (RuntimeError, NotImplementedError) as problem:
        if "missing dependencies" not in str(problem):
            raise
        raise MissingDecoderError(
            f'is DICOM compressed as "{header.file_meta.TransferSyntaxUID.name}", for which a decoder is missing: '
            f"{_DECODERS}"
        ) from problem
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[-1] != 3) or not values.size:
        raise UnusableImageError(f"is DICOM with pixels of shape {list(values.shape)}, which is no picture")
    return values


def _show(
    header: Any, stored: np.ndarray, frame: int, frames: int, window: Window, intensity: Intensity
) -> DicomPicture:
    meaning = str(header.get("PhotometricInterpretation", "MONOCHROME2")).strip()
    if meaning in _COLOURS:
        return DicomPicture(Image.fromarray(_show_colours(header, stored, meaning)), frames, True)
    if meaning not in _GREY or stored.ndim != 2:
        raise UnusableImageError(f"is DICOM with pixels of {meaning}, which are not read")
    values = _apply_modality(header, stored, frame)
    if not np.isfinite(values).all():
        raise UnusableImageError("has NaN or infinite values")
    is_padding = _find_padding(header, stored)
    grey, has_window = _apply_voi(header, values, values[~is_padding], frame, window, intensity)
    if meaning == "MONOCHROME1":
        grey = 255.0 - grey
    grey[is_padding] = 0.0
    return DicomPicture(Image.fromarray(np.round(grey).astype(np.uint8)), frames, has_window)


def _show_colours(header: Any, stored: np.ndarray, meaning: str) -> np.ndarray:
    """Return colours of any depth as RGB of 8 bits; pydicom has made RGB of all but palettes."""
    bits = int(header.get("BitsStored", 8))
    if meaning == _PALETTE:
        from pydicom.pixels import apply_color_lut

        stored = apply_color_lut(stored, header)[..., :3]
        bits = 8 * stored.dtype.itemsize
    return np.round(stored.astype(np.float64) * (255.0 / (2**bits - 1))).clip(0, 255).astype(np.uint8)


def _apply_modality(header: Any, stored: np.ndarray, frame: int) -> np.ndarray:
    """Return the values that the stored ones stand for, as Hounsfield units; float64."""
    own = _of_frame(header, frame, "PixelValueTransformationSequence")
    if own is not None and "RescaleSlope" in own:
        return stored.astype(np.float64) * float(own.RescaleSlope) + float(own.get("RescaleIntercept", 0))
    from pydicom.pixels import apply_modality_lut

    values: np.ndarray = apply_modality_lut(stored, header)
    return values.astype(np.float64)


def _apply_voi(
    header: Any, values: np.ndarray, seen: np.ndarray, frame: int, window: Window, intensity: Intensity
) -> tuple[np.ndarray, bool]:
    """Return values as 0.0 to 255.0, and whether something else than their own range decided; `seen` are no padding."""
    if window is not None:
        return apply_window(values, *window), True
    if intensity is not None:
        return map_intensity(values, intensity).astype(np.float64), True
    place = _of_frame(header, frame, "FrameVOILUTSequence") or header
    if own := _find_window(place):
        return apply_window(values, *own), True
    if place.get("VOILUTSequence"):
        from pydicom.pixels import apply_voi

        bits = int(place.VOILUTSequence[0].LUTDescriptor[2])
        looked_up = apply_voi(np.round(values).astype(np.int64), place)
        return np.clip(looked_up * (255.0 / (2**bits - 1)), 0.0, 255.0), True
    bits, is_signed = int(header.get("BitsStored", 16)), bool(header.get("PixelRepresentation", 0))
    if bits <= 8 and not is_signed and seen.size and seen.min() >= 0 and seen.max() < 2**bits:
        return values * (255.0 / (2**bits - 1)), True
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)
    return np.clip((values - low) / ((high - low) or 1.0), 0.0, 1.0) * 255.0, False


def _find_window(place: Any) -> tuple[float, float, str] | None:
    """Return centre, width and function of the first window; None where there is none that the standard allows."""
    centre, width = place.get("WindowCenter"), place.get("WindowWidth")
    if centre in (None, "", []) or width in (None, "", []):
        return None
    function = str(place.get("VOILUTFunction") or "LINEAR").strip()
    found = float(np.ravel(centre)[0]), float(np.ravel(width)[0])
    is_allowed = found[1] >= 1 if function == "LINEAR" else found[1] > 0
    return (*found, function) if is_allowed and np.isfinite(found).all() else None


def _find_padding(header: Any, stored: np.ndarray) -> np.ndarray:
    """Return which pixels are padding, bool [height, width]."""
    if header.get("PixelPaddingValue") is None:
        return np.zeros(stored.shape, bool)
    # Of signed pixels it may have been written as if they had no sign.
    last = header.get("PixelPaddingRangeLimit")
    ends = [int(header.PixelPaddingValue), int(header.PixelPaddingValue if last is None else last)]
    if header.get("PixelRepresentation", 0):
        ends = [end - 2**16 if end >= 2**15 else end for end in ends]
    return (stored >= min(ends)) & (stored <= max(ends))


def _of_frame(header: Any, frame: int, name: str) -> Any:
    """Return the item of a frame's own, or of all frames', functional group; None without one."""
    groups: tuple[Callable[[], Any], ...] = (
        lambda: header.PerFrameFunctionalGroupsSequence[frame],
        lambda: header.SharedFunctionalGroupsSequence[0],
    )
    for group in groups:
        try:
            return getattr(group(), name)[0]
        except (AttributeError, IndexError, TypeError):
            continue
    return None


def read_identity(file: BinaryIO) -> Mapping[str, str]:
    """Return `patient` and `study` of an open DICOM file, empty where it says none or cannot be read.

    For grouping alone: neither may be written anywhere.
    """
    try:
        import pydicom

        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tags: list[Any] = ["PatientID", "StudyInstanceUID"]
            header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=tags, force=True)
            found = [str(header.get(name) or "").strip() for name in tags]
    except Exception:  # pydicom raises almost anything on a damaged file.
        return {"patient": "", "study": ""}
    return {"patient": found[0], "study": found[1]}
