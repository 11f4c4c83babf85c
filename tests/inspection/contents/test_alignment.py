"""Pictures of smooth shapes: copies of each other in every way a copy is made, and others of the same kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from kerastune_ft.inspection.contents.alignment import correlate, list_turns, shrink
from tests.support.drawn_pictures import draw, fit

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "same": lambda picture: picture,
    "cropped": lambda picture: picture[8:150, 12:156],
    "cropped more": lambda picture: picture[4:130, 24:150],
    "brighter": lambda picture: picture * 1.07,
    "of less contrast": lambda picture: 60 + 0.6 * picture,
    "mirrored": lambda picture: picture[:, ::-1],
    "turned": lambda picture: np.rot90(picture),
    "turned a little": lambda picture: ndimage.rotate(picture, 4, reshape=False, mode="reflect")[10:150, 10:150],
    "with noise": lambda picture: np.clip(picture + np.random.default_rng(9).normal(size=picture.shape) * 12, 0, 255),
    "mirrored, cropped, darker": lambda picture: 0.9 * picture[6:150, 150:6:-1],
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_copy_is_known_whichever_is_the_copy(name: str) -> None:
    picture = draw(1)
    copy = fit(CHANGES[name](picture))
    assert correlate(fit(picture), copy) > 0.85
    assert correlate(copy, fit(picture)) > 0.85


def test_others_of_the_same_kind_are_none() -> None:
    pictures = [fit(draw(seed)) for seed in range(5)]
    assert max(correlate(pictures[0], other) for other in pictures[1:]) < 0.5


def test_pictures_without_details_are_alike_to_nothing() -> None:
    flat, slope = np.full((64, 64), 128.0), np.linspace(0, 200, 64 * 64).reshape(64, 64)
    assert correlate(flat, flat) == correlate(flat, slope) == 0.0


def test_turns_are_all_eight() -> None:
    turns = list_turns(np.arange(9.0).reshape(3, 3))
    assert len({each.tobytes() for each in turns}) == 8
    assert shrink(np.arange(16.0).reshape(4, 4), 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]
