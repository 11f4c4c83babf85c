"""Handwritten digits: the 1797 real 8x8 images that ship with scikit-learn, enlarged to 64x64 RGB."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from PIL import Image

EXAMPLES: Final = 1797
CLASSES: Final = tuple("0123456789")
# The original keeps no record of which writer made which digit, so there is no split to honour.
SPLITS: dict[str, range] | None = None
IMAGE_SIZE: Final = 64
VERSION: Final = "1.0.0"
SYNTHETIC: Final = False
DESCRIPTION: Final = (
    "1797 real handwritten digits in ten classes, bright strokes on black, "
    "enlarged from 8x8 grey levels to 64x64 RGB with bicubic interpolation."
)
PROVENANCE: Final = (
    "Test set of 'Optical Recognition of Handwritten Digits' (E. Alpaydin and C. Kaynak, UCI Machine Learning "
    "Repository, 1998, doi:10.24432/C50P49, CC BY 4.0), read from scikit-learn's load_digits."
)
_GREY_LEVELS: Final = 16


@cache
def _originals() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    originals = load_digits()
    return np.round(originals.images * (255 / _GREY_LEVELS)).astype(np.uint8), originals.target


def image(index: int) -> np.ndarray:
    """Return digit `index` as uint8 RGB of shape [64, 64, 3]."""
    pixels = Image.fromarray(_originals()[0][index])
    grey = np.asarray(pixels.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC))
    return np.repeat(grey[:, :, None], 3, axis=2)


def label(index: int) -> int:
    """Return the digit that image `index` shows, 0 to 9."""
    return int(_originals()[1][index])
