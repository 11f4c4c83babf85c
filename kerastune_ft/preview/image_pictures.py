"""Shows images on a sheet: the pixels that the model gets."""

from __future__ import annotations

import numpy as np

from kerastune_ft.preview.contact_sheet import Cells
from kerastune_ft.training.session.session import Session

TITLE = "training examples as the model sees them"
PLAIN = "resized"
UNCHANGED = "every epoch sees the images as resized"


def draw(session: Session, images: np.ndarray, plain: np.ndarray) -> Cells:
    """Return images [rows, height, width, channels] rounded to whole values."""
    return Cells(np.clip(np.round(images), 0, 255).astype(np.uint8))
