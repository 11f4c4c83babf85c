"""The colours of classes in masks that people look at: those of PASCAL VOC, which most viewers of masks use."""

from __future__ import annotations

import numpy as np


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
