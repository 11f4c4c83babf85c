"""The colours of classes in masks that people look at: those of PASCAL VOC, which most viewers of masks use."""

from __future__ import annotations

import numpy as np

from kerastune_ft.config.options.mask_values import BORDER, COLOUR
from kerastune_ft.data.labels.scheme import LabelScheme


def _make_palette() -> np.ndarray:
    """Return 256 colours, uint8 [256, 3]; the bits of a number give the highest bits of red, green and blue in turn."""
    numbers = np.arange(256)
    colours = np.zeros((256, 3), np.int64)
    for place in range(8):
        for channel in range(3):
            colours[:, channel] |= ((numbers >> (3 * place + channel)) & 1) << (7 - place)
    return colours.astype(np.uint8)


PALETTE = _make_palette()
"""For each class number, red, green and blue; black for the first class."""


def choose_colours(scheme: LabelScheme) -> np.ndarray:
    """Return the colour of each class, uint8 [classes, 3]: that of the run's own masks where these are colour-coded."""
    colours = PALETTE[: len(scheme.names)].copy()
    # Of several colours of one class the first.
    for value, name in reversed(list(scheme.raw_values.items())):
        if COLOUR <= value < BORDER:
            code = value - COLOUR
            colours[scheme.names.index(name)] = code >> 16, code >> 8 & 255, code & 255
    return colours
