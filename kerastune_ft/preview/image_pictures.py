"""Shows images on a sheet: the pixels that the model gets, and the boxes that it is to find in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.annotations.overlays import DrawnBox, choose_box_colours, draw_boxes
from kerastune_ft.preview.contact_sheet import Cells
from kerastune_ft.preview.loaded import Loaded
from kerastune_ft.training.session.session import Session

TITLE = "training examples as the model sees them"
PLAIN = "resized"
UNCHANGED = "every epoch sees the images as resized"

_IGNORED = (150, 150, 150)


def draw(session: Session, loaded: Loaded, plain: Loaded) -> Cells:
    """Return images [rows, height, width, channels] rounded to whole values, with their boxes drawn upon them."""
    images = np.clip(np.round(loaded.inputs), 0, 255).astype(np.uint8)
    mark = _MARKS.get(session.task.scheme.kind)
    return Cells(images if mark is None else mark(images, loaded.targets, session.task.scheme.names))


def _draw_boxes(images: np.ndarray, targets: Any, names: Sequence[str]) -> np.ndarray:
    """Return the images with their boxes in the colours of the classes; those that do not count are grey."""
    colours = choose_box_colours(len(names))
    drawn = []
    for pixels, rows in zip(images, targets["boxes"], strict=True):
        boxes = [DrawnBox(row[:4], _IGNORED if row[5] else colours[int(row[4])]) for row in rows if row[4] >= 0]
        drawn.append(draw_boxes(pixels, boxes))
    return np.stack(drawn)


# By the kind of labels: what is drawn upon images.
_MARKS: Mapping[str, Callable[[np.ndarray, Any, Sequence[str]], np.ndarray]] = {"boxes": _draw_boxes}
