"""Masks: image files in which the value of a pixel stands for its class.

They are read by Pillow, since TensorFlow's decoders give the colours of a palette and not its indices, and squeeze 16
bits into 8. Values are as the file has them: indices of a palette, 0 to 65535 of 16 bits, 0 and 255 of one bit.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import warnings
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

from kerastune_ft import storage
from kerastune_ft.errors import DataError

IGNORE = 255
"""The class number, in every array of a mask, of pixels that belong to no class and count for nothing."""

# As many values as 16 bits have; masks of objects (COCO's, say) number beyond it, and are no masks of classes.
_VALUES = 1 << 16
_MODES = ("1", "L", "P", "I", "I;16", "I;16L", "I;16B", "I;16N")
_SHOWN = 5
# So many values that no class has are no oversight.
_SMEARED = 20


def read_mask(
    path: str | os.PathLike[str],
    numbers: Mapping[int, int],
    ignore: int | None = None,
    size: tuple[int, int] | None = None,
) -> np.ndarray:
    """Return the mask of a file as class numbers, uint8 [height, width]; `IGNORE` where its value is `ignore`.

    `numbers` gives the class number of each value, `size` height and width of the picture that the mask belongs to.
    Raise DataError for a file that is no mask, has another size, or has a value that no class has.
    """
    if any(not 0 <= number < IGNORE for number in numbers.values()):
        raise ValueError(f"class numbers of a mask are 0 to {IGNORE - 1}, not {sorted(set(numbers.values()))}")
    values = _read_values(path)
    if size is not None:
        _check_size(path, (values.shape[0], values.shape[1]), size)
    known = {**numbers} if ignore is None else {**numbers, ignore: IGNORE}
    counts = _count(values)
    unknown = {value: count for value, count in counts.items() if value not in known}
    if unknown:
        raise DataError(_explain_unknown(path, unknown, values.size, numbers))
    table = np.zeros(_VALUES, np.uint8)
    for value in counts:
        table[value] = known[value]
    return table[values]


def mask_values(path: str | os.PathLike[str]) -> dict[int, int]:
    """Return the values of a mask file in ascending order, each with its number of pixels.

    Raise DataError for a file that is no mask.
    """
    return _count(_read_values(path))


def _read_values(path: str | os.PathLike[str]) -> np.ndarray:
    """Return the values of the pixels as the file has them, uint16 [height, width]."""
    with _opened(path) as image:
        problem = _problem(image)
        if problem:
            raise DataError(f"{os.fspath(path)}: {problem}")
        values = np.asarray(image)
    if image.mode == "1":
        return np.where(values, np.uint16(255), np.uint16(0))
    if values.dtype.itemsize > 2 and (values.min() < 0 or values.max() >= _VALUES):
        beyond = values.min() if values.min() < 0 else values.max()
        raise DataError(
            f"{os.fspath(path)}: value {beyond} is beyond the 0 to {_VALUES - 1} of a mask of classes; if the values "
            "number objects, write a mask whose values are their classes"
        )
    return values.astype(np.uint16)


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Image.Image]:
    """Open an image file by Pillow; whatever its decoders raise becomes a DataError that names the file."""
    name = os.fspath(path)
    try:
        # Pillow warns of large pictures, whose masks are as large.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(storage.read(name))) as image:
                yield image
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{name}: no such mask file; correct its name, or leave the picture out") from error
    except Exception as error:  # Pillow's decoders raise almost anything on a hostile file.
        reason = str(error).strip().splitlines()
        raise DataError(
            f"{name}: cannot be read as a mask ({reason[0] if reason else type(error).__name__}); write it again as PNG"
        ) from error


def _problem(image: Image.Image) -> str | None:
    """Return why an opened image is no mask, and what to do; None for a mask."""
    if image.format in ("JPEG", "MPO"):
        return "is a JPEG, which does not keep the values of a mask; write masks as PNG from their source"
    pictures = getattr(image, "n_frames", 1)
    if pictures > 1:
        return f"has {pictures} pictures in one file; write one mask a file"
    if image.mode in _MODES:
        return None
    if image.mode == "RGB" and _is_grey(image):
        return (
            "has three channels, all equal; a mask has one: write it again by Pillow, "
            'Image.open(path).convert("L").save(path)'
        )
    return (
        f"has channels {' '.join(image.getbands())} and a mask has one, whose values are classes; write it as PNG with "
        "a palette or grey values, each colour a number"
    )


def _is_grey(image: Image.Image) -> bool:
    values = np.asarray(image)
    return bool((values == values[..., :1]).all())


def _count(values: np.ndarray) -> dict[int, int]:
    counts = np.bincount(values.ravel(), minlength=1)
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _check_size(path: str | os.PathLike[str], found: tuple[int, int], wanted: tuple[int, int]) -> None:
    """Raise DataError where the mask has another height and width than its picture."""
    if found == wanted:
        return
    remedy = "write the mask at the size of its picture"
    if found == wanted[::-1]:
        remedy = "one of them is on its side: turn it, or write the picture without the EXIF mark that turns it"
    raise DataError(
        f"{os.fspath(path)}: is {found[1]} pixels wide and {found[0]} high, its picture {wanted[1]} wide and "
        f"{wanted[0]} high; {remedy}"
    )


def _explain_unknown(
    path: str | os.PathLike[str], unknown: Mapping[int, int], pixels: int, numbers: Mapping[int, int]
) -> str:
    """Return the message on values that no class has, with what to write in the configuration."""
    shown = list(unknown)[:_SHOWN]
    amounts = ", ".join(f"{value} ({unknown[value]} of {pixels} pixels)" for value in shown)
    more = f" and {len(unknown) - len(shown)} more" if len(unknown) > len(shown) else ""
    known = f"those of classes are {', '.join(map(str, list(numbers)[:_SHOWN]))}{', ...' * (len(numbers) > _SHOWN)}"
    values = "value" if len(unknown) == 1 else "values"
    message = f"{os.fspath(path)}: {values} {amounts}{more} of no class; {known}"
    if len(unknown) > _SMEARED:
        return (
            f"{message}. So many values come from a mask that was a JPEG once, or was resized with smoothing; write it "
            "again from its source, resized by nearest neighbour"
        )
    naming = json.dumps({str(value): f"name of {value}" for value in shown})[1:-1]
    message += f'. Add to "task": "classes": {{..., {naming}}}'
    return f'{message}, or, for pixels that count for nothing, "ignore": {shown[0]}' if len(unknown) == 1 else message
