"""Draws boxes and masks upon pictures for people to look at, and never into what a model gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kerastune_ft.data.annotations.masks import IGNORE

_OPACITY = 0.45
# The rows of a picture that a mask is laid over at once.
_ROWS = 256
# Of a picture's longer side: a line's width and the height of letters, and the least pixels of both.
_LINE, _LETTERS = 1 / 250, 1 / 36
_LEAST_LINE, _LEAST_LETTERS = 1, 9
# Above it a ground is bright, and letters on it are black.
_BRIGHT = 140
# How much is left of a picture behind what is wrong in it, and the colours of that: seen apart by the colour-blind too.
_FAINT = 0.4
_MISSED, _TOO_MUCH, _CONFUSED = (213, 42, 30), (0, 104, 220), (240, 190, 0)


class DrawnBox(NamedTuple):
    """A box as it is drawn: its edges in pixels of the picture, its colour, and the words above it."""

    corners: Sequence[float]
    """xmin, ymin, xmax, ymax"""
    colour: tuple[int, int, int]
    text: str = ""
    is_thick: bool = False
    """Whether the line is twice as wide as those of other boxes."""


def draw_boxes(pixels: np.ndarray, boxes: Sequence[DrawnBox]) -> np.ndarray:
    """Return a picture with boxes drawn upon it, both uint8 [height, width, 3]; later boxes lie above earlier ones."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(np.ascontiguousarray(pixels))
    pen = ImageDraw.Draw(image)
    longer = max(image.size)
    line = max(_LEAST_LINE, round(longer * _LINE))
    font = ImageFont.load_default(max(_LEAST_LETTERS, longer * _LETTERS))
    for box in boxes:
        width = 2 * line if box.is_thick else line
        left, top, right, bottom = (round(float(value)) for value in box.corners)
        # Edges lie between pixels: the last pixel inside is the one before.
        pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=box.colour, width=width)
    for box in boxes:
        if box.text:
            _write(pen, font, box, image.size)
    return np.asarray(image)


def _write(pen: object, font: object, box: DrawnBox, size: tuple[int, int]) -> None:
    """Write the words of a box above it, or below its upper edge where there is no room, inside the picture."""
    from PIL import ImageDraw, ImageFont

    assert isinstance(pen, ImageDraw.ImageDraw) and isinstance(font, ImageFont.FreeTypeFont | ImageFont.ImageFont)
    own = pen.textbbox((0, 0), box.text, font=font)
    width, height = own[2] + 2, own[3] + 2
    left = max(0, min(round(float(box.corners[0])), size[0] - round(width)))
    top = round(float(box.corners[1])) - round(height)
    top = top if top >= 0 else max(0, round(float(box.corners[1])))
    pen.rectangle((left, top, left + width, top + height), fill=box.colour)
    pen.text((left + 1, top + 1), box.text, font=font, fill=choose_ink(box.colour))


def choose_ink(ground: Sequence[int]) -> tuple[int, int, int]:
    """Return black or white, whichever is read better upon a colour."""
    red, green, blue = ground
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT else (255, 255, 255)


def lay_mask(pixels: np.ndarray, mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Return a picture, uint8 [height, width, 3], in the colours of the classes of its mask, uint8 [height, width].

    `colours` is uint8 [classes, 3]. The first class, which is the background, and what belongs to none stay as they
    are.
    """
    drawn = pixels.copy()
    # A large picture in floats would take gigabytes.
    for top in range(0, len(pixels), _ROWS):
        part, own = drawn[top : top + _ROWS], mask[top : top + _ROWS]
        shown = (own != 0) & (own != IGNORE)
        part[shown] = np.round((1 - _OPACITY) * part[shown] + _OPACITY * colours[own[shown]])
    return drawn


def draw_difference(pixels: np.ndarray, mask: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return a faint grey picture, uint8 [height, width, 3], in which the pixels of a wrong class are coloured.

    `mask` and `predicted` are uint8 [height, width]. Red pixels are of a class and predicted as the first one, which is
    the background; blue ones are of the background and predicted as another class; yellow ones are of another class
    than the predicted one, neither of them the background. What belongs to no class is not wrong.
    """
    grey = np.repeat(pixels.mean(axis=-1, keepdims=True), 3, axis=-1)
    shown = np.round(_FAINT * grey + (1 - _FAINT) * 255).astype(np.uint8)
    wrong = (mask != predicted) & (mask != IGNORE)
    shown[wrong & (predicted == 0)] = _MISSED
    shown[wrong & (mask == 0)] = _TOO_MUCH
    shown[wrong & (mask != 0) & (predicted != 0)] = _CONFUSED
    return shown


def choose_box_colours(classes: int) -> list[tuple[int, int, int]]:
    """Return a colour for each class that is seen on dark and bright pictures; they repeat after twelve."""
    return [_BOX_COLOURS[number % len(_BOX_COLOURS)] for number in range(classes)]


_BOX_COLOURS = (
    (255, 165, 0), (0, 190, 255), (230, 60, 200), (120, 220, 0), (255, 80, 80), (150, 120, 255),
    (0, 200, 140), (250, 220, 0), (60, 110, 255), (255, 130, 180), (160, 120, 60), (0, 150, 60),
)  # fmt: skip
