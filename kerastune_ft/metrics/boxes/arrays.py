"""Arrays of boxes that are padded with rows of -1, and what COCO's protocol says of boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LIMIT = 100
"""Of how many detections of a class in a picture, those of the highest scores, the metrics are; COCO's own number."""
SIZES = ("small", "medium", "large")
"""Names of boxes by their area: below 32 x 32 pixels, up to 96 x 96, and above."""


def is_box(boxes: np.ndarray) -> np.ndarray:
    """Return which rows of detections or true boxes [..., 6 or 7] are boxes and no padding, bool [...]."""
    kept: np.ndarray = boxes[..., 4] >= 0
    return kept


def pad(rows: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Return the boxes of pictures, each [boxes, columns], as one float32 array [pictures, most, columns]."""
    most = max((len(own) for own in rows), default=0)
    padded = np.full((len(rows), most, columns), -1, np.float32)
    for number, own in enumerate(rows):
        padded[number, : len(own)] = own
    return padded


def to_corner_and_size(boxes: np.ndarray) -> np.ndarray:
    """Return boxes [..., 4] as COCO writes them: xmin, ymin, width, height."""
    return np.concatenate([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], axis=-1)
