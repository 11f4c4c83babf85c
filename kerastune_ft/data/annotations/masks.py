"""Masks: image files in which the value of a pixel, or its colour, stands for its class.

They are read by Pillow, since TensorFlow's decoders give the colours of a palette and not its indices, and squeeze 16
bits into 8. Values are as the file has them: indices of a palette, 0 to 65535 of 16 bits, 0 and 255 of one bit. Where
colours count they are numbers beyond these, see `config.options.mask_values`.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import warnings
from collections.abc import Collection, Iterator, Mapping

import numpy as np
from PIL import Image

from kerastune_ft import storage
from kerastune_ft.config.options.mask_values import COLOUR, LARGEST_VALUE, write_value
from kerastune_ft.data.annotations.mask_reading import MaskReading
from kerastune_ft.data.images.orientation import find_orientation
from kerastune_ft.data.images.value_range import Verdict
from kerastune_ft.data.remedies import other_data
from kerastune_ft.errors import DataError

IGNORE = 255
"""The class number, in every array of a mask, of pixels that belong to no class and count for nothing."""

# As many values as 16 bits have; masks of objects (COCO's, say) number beyond it, and are no masks of classes.
_VALUES = 1 << 16
# More colours than classes can be are those of a photo, or of a mask that was a JPEG once.
_MOST_COLOURS = 256
_WHITE = COLOUR + 0xFFFFFF
_MODES = ("1", "L", "P", "I", "I;16", "I;16L", "I;16B", "I;16N")
_SHOWN = 5
_AS_PHOTOS = MaskReading()
# So many values that no class has are no oversight.
_SMEARED = 20


class UnusableMaskError(Exception):
    """A file is no mask that can be read; the message says why, as `is a JPEG ...`, and what to do."""


def read_mask(
    path: str | os.PathLike[str],
    numbers: Mapping[int, int],
    ignore: int | None = None,
    size: tuple[int, int] | None = None,
    reading: MaskReading = _AS_PHOTOS,
) -> np.ndarray:
    """Return the mask of a file as class numbers, uint8 [height, width]; `IGNORE` where its value is `ignore`.

    `numbers` gives the class number of each value, `size` height and width of the picture that the mask belongs to,
    `reading` how values become those of classes.
    Raise DataError for a file that is no mask, has another size, or has a value that no class has.
    """
    if any(not 0 <= number < IGNORE for number in numbers.values()):
        raise ValueError(f"class numbers of a mask are 0 to {IGNORE - 1}, not {sorted(set(numbers.values()))}")
    values = _read_values(path, reading)
    counts = count_values(values)
    problem = explain_size((values.shape[0], values.shape[1]), size) or explain_values(counts, numbers, ignore)
    if problem:
        raise DataError(f"{os.fspath(path)}: {problem}")
    known = {**numbers} if ignore is None else {**numbers, ignore: IGNORE}
    found = np.array([known[value] for value in counts], np.uint8)
    if values.dtype == np.uint16:
        table = np.zeros(_VALUES, np.uint8)
        table[list(counts)] = found
        return table[values]
    return found[np.searchsorted(np.array(list(counts), values.dtype), values)]


def mask_values(path: str | os.PathLike[str]) -> dict[int, int]:
    """Return the values of a mask file in ascending order, each with its number of pixels.

    Raise DataError for a file that is no mask.
    """
    return count_values(_read_values(path, _AS_PHOTOS))


def decode_values(content: bytes, reading: MaskReading = _AS_PHOTOS) -> np.ndarray:
    """Return the values of the pixels of a mask file [height, width]; raise UnusableMaskError for what is no mask.

    They are uint16, or int32 where colours count or objects have borders. It is turned like a photo where it has EXIF
    orientation itself, and never by that of its photo.
    """
    with _open_image(content) as image:
        problem = _problem_of_colours(image) if reading.colours else _problem(image)
        if problem:
            raise UnusableMaskError(problem)
        orientation = find_orientation(content, image)
        pixels = _read_colours(image) if reading.colours else np.asarray(image)
        values = reading.photo.place(pixels, orientation, image.format == "TIFF")
    return values if reading.colours else reading.join_objects(_as_numbers(values, image.mode))


def _as_numbers(values: np.ndarray, mode: str) -> np.ndarray:
    if mode == "1":
        return np.where(values, np.uint16(255), np.uint16(0))
    if values.dtype.itemsize > 2 and (values.min() < 0 or values.max() >= _VALUES):
        beyond = values.min() if values.min() < 0 else values.max()
        raise UnusableMaskError(
            f"value {beyond} is beyond the 0 to {_VALUES - 1} of a mask of classes; if the values number objects, "
            "write a mask whose values are their classes"
        )
    return values.astype(np.uint16)


def compare_with_masks(image: Image.Image, values: Collection[int]) -> Verdict:
    """Return whether an opened image is no picture but a mask of pixels with `values`; without any it is none.

    Black and white alone is a doubt: a scan may be so too.
    """
    if not values or image.format in ("JPEG", "MPO"):
        return Verdict()
    if max(values) >= COLOUR:
        found = {COLOUR + (r << 16 | g << 8 | b) for r, g, b in _find_colours(image, len(values)) or ()}
    elif image.mode in _MODES:
        found = {int(value) for value in np.unique(np.asarray(image))}
        found = {255 * value for value in found} if image.mode == "1" else found
    else:
        return Verdict()
    if len(found) < 2 or not found <= set(values):
        return Verdict()
    shown = ", ".join(map(write_value, sorted(found)[:_SHOWN])) + ", ..." * (len(found) > _SHOWN)
    if found <= {0, IGNORE, COLOUR, _WHITE}:
        return Verdict(doubt=f"{shown} alone, like the masks of the run: give pictures, if they are masks")
    reason = f"has the values {shown} alone, which are those of the run's masks; give the picture that it belongs to"
    return Verdict(problem=reason)


def count_values(values: np.ndarray) -> dict[int, int]:
    """Return the values that occur in ascending order, each with its number of pixels."""
    if values.dtype != np.uint16:
        found, amounts = np.unique(values, return_counts=True)
        return dict(zip(found.tolist(), amounts.tolist(), strict=True))
    counts = np.bincount(values.ravel(), minlength=1)
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _read_values(path: str | os.PathLike[str], reading: MaskReading) -> np.ndarray:
    name = os.fspath(path)
    try:
        return decode_values(storage.read(name), reading)
    except FileNotFoundError as error:
        raise DataError(f"{name}: no such mask file; correct its name, or leave the picture out") from error
    except (UnusableMaskError, OSError) as error:
        raise DataError(f"{name}: {error}") from error


@contextlib.contextmanager
def _open_image(content: bytes) -> Iterator[Image.Image]:
    """Open an image by Pillow; whatever its decoders raise becomes an UnusableMaskError."""
    try:
        # Pillow warns of large pictures, whose masks are as large.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content)) as image:
                yield image
    except UnusableMaskError:
        raise
    except Exception as error:  # Pillow's decoders raise almost anything on a hostile file.
        reason = str(error).strip().splitlines()
        raise UnusableMaskError(
            f"cannot be read as a mask ({reason[0] if reason else type(error).__name__}); write it again as PNG"
        ) from error


def _problem(image: Image.Image) -> str | None:
    """Return why an opened image is no mask of values, and what to do; None for a mask."""
    if problem := _problem_of_form(image):
        return problem
    if image.mode in _MODES:
        return None
    if image.mode == "RGB" and _is_grey(image):
        return (
            "has three channels, all equal; a mask has one: write it again by Pillow, "
            'Image.open(path).convert("L").save(path)'
        )
    problem = f"has channels {' '.join(image.getbands())} and a mask of values has one; "
    colours = _find_colours(image, _MOST_COLOURS)
    if colours is None:
        return f"{problem}write it as PNG with a palette or grey values, each class a number"
    texts = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in sorted(colours)[:_SHOWN]]
    named = json.dumps({text: f"name of {text}" for text in texts})[:-1]
    more = ", ...}" * (len(colours) > _SHOWN) or "}"
    return f'{problem}if colours stand for classes, name those in task, as  "classes": {named}{more}'


def _problem_of_form(image: Image.Image) -> str | None:
    """Return why an opened image is no mask, whatever its values or colours are."""
    if image.format in ("JPEG", "MPO"):
        return "is a JPEG, which does not keep the values of a mask; write masks as PNG from their source"
    pictures = getattr(image, "n_frames", 1)
    return f"has {pictures} pictures in one file; write one mask a file" if pictures > 1 else None


def _problem_of_colours(image: Image.Image) -> str | None:
    """Return why an opened image is no mask whose colours count, and what to do; None for one."""
    if problem := _problem_of_form(image):
        return problem
    if _make_opaque(image) is None:
        return (
            f"has no colours of 8 bits without transparency (Pillow calls it {image.mode}), and task.classes names "
            "colours; write it as PNG with red, green and blue, or with a palette"
        )
    if _find_colours(image, _MOST_COLOURS) is None:
        return (
            f"has more than {_MOST_COLOURS} colours, so it is a photo, or a mask that was a JPEG once or was resized "
            "with smoothing; write it again from its source, resized by nearest neighbour"
        )
    return None


def _find_colours(image: Image.Image, most: int) -> set[tuple[int, int, int]] | None:
    """Return the colours of an image of 8 bits; None where it has more than `most`, or transparent places."""
    opaque = _make_opaque(image)
    counted = None if opaque is None else opaque.getcolors(most)
    return None if counted is None else {colour for _, colour in counted}  # type: ignore[misc]


def _make_opaque(image: Image.Image) -> Image.Image | None:
    """Return an image in red, green and blue; None where it is transparent somewhere, or has not 8 bits."""
    if image.mode not in ("1", "L", "P", "RGB", "RGBA", "LA"):
        return None
    if image.mode in ("RGBA", "LA") and image.getchannel("A").getextrema()[0] != 255:
        return None
    return image.convert("RGB")


def _read_colours(image: Image.Image) -> np.ndarray:
    """Return the colours of an image as values, int32 [height, width]."""
    opaque = _make_opaque(image)
    assert opaque is not None
    red, green, blue = np.moveaxis(np.asarray(opaque, np.int32), -1, 0)
    return COLOUR + (red << 16) + (green << 8) + blue


def _is_grey(image: Image.Image) -> bool:
    values = np.asarray(image)
    return bool((values == values[..., :1]).all())


def explain_size(found: tuple[int, int], wanted: tuple[int, int] | None) -> str | None:
    """Return the message about a mask of another height and width than its picture; None where they are the same."""
    if wanted is None or found == wanted:
        return None
    remedy = "write the mask at the size of its picture"
    if found == wanted[::-1]:
        remedy = "one of them is on its side: turn it"
        if other_data() is None:
            remedy += (
                ", or, where masks fit the photos as they are stored and EXIF turns those, write  "
                '"exif": "ignore"  in data'
            )
    return f"is {found[1]} pixels wide and {found[0]} high, its picture {wanted[1]} wide and {wanted[0]} high; {remedy}"


def explain_values(counts: Mapping[int, int], numbers: Mapping[int, int], ignore: int | None) -> str | None:
    """Return the message about values that no class has, with what to write; None where there are none.

    `counts` are the values of a mask with their numbers of pixels, `numbers` the class numbers by value.
    """
    unknown = {value: count for value, count in counts.items() if value not in numbers and value != ignore}
    if not unknown:
        return None
    pixels = sum(counts.values())
    first = list(unknown)[:_SHOWN]
    amounts = ", ".join(f"{write_value(value)} ({unknown[value]} of {pixels} pixels)" for value in first)
    more = f" and {len(unknown) - len(first)} more" if len(unknown) > len(first) else ""
    shown = ", ".join(map(write_value, list(numbers)[:_SHOWN])) + ", ..." * (len(numbers) > _SHOWN)
    message = f"{'value' if len(unknown) == 1 else 'values'} {amounts}{more} of no class; those of classes are {shown}"
    if len(unknown) > _SMEARED and _number_objects(list(unknown)):
        remedy = f'"classes": {{"0": "background", "1-{LARGEST_VALUE}": "cell"}}'
        return f"{message}. If so many values number objects, name them all at once, as  {remedy}"
    if len(unknown) > _SMEARED:
        return (
            f"{message}. So many values come from a mask that was a JPEG once, or was resized with smoothing; write it "
            "again from its source, resized by nearest neighbour"
        )
    if place := other_data():
        return f"{message}. The run knows no others: write masks so, or take this one out of {place}"
    naming = json.dumps({write_value(value): f"name of {write_value(value)}" for value in first})[1:-1]
    message += f'. Add to "task": "classes": {{..., {naming}}}'
    ignoring = json.dumps(write_value(first[0])) if first[0] >= COLOUR else first[0]
    return f'{message}, or, for pixels that count for nothing, "ignore": {ignoring}' if len(unknown) == 1 else message


def _number_objects(values: list[int]) -> bool:
    """Return whether values look like the numbers of objects: beyond 8 bits, or without a gap."""
    return values[-1] > IGNORE or values[-1] - values[0] == len(values) - 1
