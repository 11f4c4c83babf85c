from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.annotations.overlays import choose_box_colours, lay_mask
from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.losses.mixed import Mixed
from kerastune_ft.preview import image_pictures
from kerastune_ft.preview.loaded import Loaded


def session(kind: LabelKind) -> Any:
    return SimpleNamespace(task=SimpleNamespace(scheme=LabelScheme(kind, ("cat", "dog"))))


def test_pixels_are_those_of_the_model_rounded_and_within_what_a_picture_holds() -> None:
    loaded = Loaded(np.array([[[[-3.0, 0.6, 254.5]], [[255.4, 300.0, 12.4]]]]))
    drawn = image_pictures.draw(session("one"), loaded, loaded)
    assert drawn.pictures.tolist() == [[[[0, 1, 254]], [[255, 255, 12]]]]
    assert drawn.sounds == ()


def test_boxes_are_drawn_in_the_colours_of_their_classes() -> None:
    boxes = np.full((1, 4, 7), -1, np.float32)
    boxes[0, 0] = [4, 6, 20, 16, 1, 0, 160]
    boxes[0, 1] = [24, 2, 30, 28, 0, 1, 156]
    loaded = Loaded(np.zeros((1, 32, 40, 3), np.float32), {"boxes": boxes, "placement": np.zeros((1, 6))})
    (picture,) = image_pictures.draw(session("boxes"), loaded, loaded).pictures
    colour, grey = choose_box_colours(2)[1], (150, 150, 150)
    for row, column, expected in ((6, 4, colour), (15, 19, colour), (10, 10, (0, 0, 0)), (2, 24, grey), (27, 29, grey)):
        assert tuple(picture[row, column]) == expected


def test_masks_are_laid_over_their_images() -> None:
    masks = np.array([[[0, 1], [255, 0]]], np.uint8)
    images = np.full((1, 2, 2, 3), 100.0)
    for targets in (masks, Mixed(masks, masks[:, ::-1], np.ones(1))):
        loaded = Loaded(images, targets)
        (picture,) = image_pictures.draw(session("mask"), loaded, loaded).pictures
        assert np.array_equal(picture, lay_mask(images[0].astype(np.uint8), masks[0], PALETTE))
        assert (picture != 100).any(axis=-1).tolist() == [[False, True], [False, False]]
