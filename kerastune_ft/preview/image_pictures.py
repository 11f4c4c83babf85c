"""Shows images on a sheet: the pixels that the model gets, and the boxes or masks that it is to find in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerastune_ft.data.annotations.overlays import DrawnBox, choose_box_colours, draw_boxes, lay_mask
from kerastune_ft.data.annotations.palette import choose_colours
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.losses.mixed import Mixed
from kerastune_ft.preview.contact_sheet import Cells
from kerastune_ft.preview.loaded import Loaded
from kerastune_ft.training.session.session import Session

TITLE = "training examples as the model sees them"
PLAIN = "resized"
UNCHANGED = "every epoch sees the images as resized"

_IGNORED = (150, 150, 150)


def draw(session: Session, loaded: Loaded, plain: Loaded) -> Cells:
    """Return images [rows, height, width, channels] rounded to whole values, with boxes or masks upon them."""
    images = np.clip(np.round(loaded.inputs), 0, 255).astype(np.uint8)
    mark = _MARKS.get(session.task.scheme.kind)
    return Cells(images if mark is None else mark(images, loaded.targets, session.task.scheme))


def _draw_boxes(images: np.ndarray, targets: Any, scheme: LabelScheme) -> np.ndarray:
    """Return the images with their boxes in the colours of the classes; those that do not count are grey."""
    colours = choose_box_colours(len(scheme.names))
    drawn = []
    for pixels, rows in zip(images, targets["boxes"], strict=True):
        boxes = [DrawnBox(row[:4], _IGNORED if row[5] else colours[int(row[4])]) for row in rows if row[4] >= 0]
        drawn.append(draw_boxes(pixels, boxes))
    return np.stack(drawn)


def _lay_masks(images: np.ndarray, targets: Any, scheme: LabelScheme) -> np.ndarray:
    """Return the images in the colours of the classes of their masks; of blended images the mask of the first."""
    masks, colours = targets.own if isinstance(targets, Mixed) else targets, choose_colours(scheme)
    return np.stack([lay_mask(pixels, mask, colours) for pixels, mask in zip(images, masks, strict=True)])


# By the kind of labels: what is drawn upon images.
_MARKS: Mapping[str, Callable[[np.ndarray, Any, LabelScheme], np.ndarray]] = {"boxes": _draw_boxes, "mask": _lay_masks}
