from __future__ import annotations

import numpy as np

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.annotations.overlays import (
    DrawnBox,
    choose_box_colours,
    choose_ink,
    draw_boxes,
    draw_difference,
    lay_mask,
)

RED = (255, 0, 0)


def test_a_box_is_drawn_on_the_pixels_inside_its_edges() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    drawn = draw_boxes(pixels, [DrawnBox((5, 4, 15, 12), RED)])
    rows, columns = np.nonzero(drawn[..., 0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 11, 5, 14)
    assert not drawn[6:10, 7:13].any() and not pixels.any()


def test_boxes_without_size_and_at_the_border_are_drawn_too() -> None:
    drawn = draw_boxes(np.zeros((20, 30, 3), np.uint8), [DrawnBox((3, 3, 3, 3), RED), DrawnBox((20, 10, 30, 20), RED)])
    assert drawn[3, 3].tolist() == drawn[19, 29].tolist() == [255, 0, 0]


def test_words_stand_inside_the_picture() -> None:
    for corners in ((0, 0, 5, 5), (290, 190, 300, 200)):
        drawn = draw_boxes(np.zeros((200, 300, 3), np.uint8), [DrawnBox(corners, RED, "platelet 0.92")])
        assert int((drawn == (255, 0, 0)).all(axis=2).sum()) > 200


def test_masks_tint_all_but_the_first_class_and_what_has_none() -> None:
    pixels = np.full((1, 4, 3), 100, np.uint8)
    colours = np.array([[0, 0, 0], [200, 0, 0], [0, 200, 0]], np.uint8)
    found = lay_mask(pixels, np.array([[0, 1, 2, 255]], np.uint8), colours)
    assert found.tolist() == [[[100, 100, 100], [145, 55, 55], [55, 145, 55], [100, 100, 100]]]


def test_all_of_a_high_picture_has_its_mask() -> None:
    pixels, mask = np.zeros((700, 2, 3), np.uint8), np.ones((700, 2), np.uint8)
    assert (lay_mask(pixels, mask, np.array([[0, 0, 0], [200, 0, 0]], np.uint8)) == [90, 0, 0]).all()
    assert not pixels.any()


def test_colours_and_the_ink_upon_them() -> None:
    assert len(set(choose_box_colours(12))) == 12 and choose_box_colours(13)[12] == choose_box_colours(1)[0]
    assert choose_ink((255, 255, 0)) == (0, 0, 0) and choose_ink((0, 0, 200)) == (255, 255, 255)


def test_wrong_pixels_are_coloured_by_how_they_are_wrong() -> None:
    mask = np.array([[0, 1, 2, IGNORE], [0, 1, 2, 1]], np.uint8)
    predicted = np.array([[1, 0, 1, 2], [0, 1, 2, 2]], np.uint8)
    shown = draw_difference(np.full((2, 4, 3), 100, np.uint8), mask, predicted)
    faint = shown[1, 0].tolist()
    assert faint == [193] * 3
    alike = [
        tuple(map(tuple, np.argwhere((shown == colour).all(axis=-1)).tolist()))
        for colour in np.unique(shown.reshape(-1, 3), axis=0)
    ]
    assert sorted(alike) == [((0, 0),), ((0, 1),), ((0, 2), (1, 3)), ((0, 3), (1, 0), (1, 1), (1, 2))]
