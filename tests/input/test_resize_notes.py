from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.resize_notes import describe_fitting

NAMES = ("a.png", "b.png", "wide.png")
SIZES = np.array([(300, 400), (300, 400), (100, 1000)])
SQUARE = np.array([(300, 300), (224, 224), (501, 500)])


def _notes(sizes: np.ndarray, resize: str, names: tuple[str, ...] | None = NAMES, side: int = 64) -> list[str]:
    return describe_fitting(sizes, names, Geometry(side, side, resize))


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_nothing_is_said_of_images_that_have_the_proportions(resize: str) -> None:
    assert _notes(SQUARE, resize) == []
    assert describe_fitting(np.array([(100, 200)]), NAMES, Geometry(32, 64, resize)) == []


@pytest.mark.parametrize(
    ("resize", "sentence"),
    [
        (
            "crop",
            '"resize": "crop" cuts off 25 % of the median image\'s area and 90 % of wide.png; "pad" keeps all of it',
        ),
        (
            "pad",
            '"resize": "pad" fills 25 % of the median image and 90 % of wide.png with black; '
            '"crop" cuts as much off instead',
        ),
        (
            "stretch",
            '"resize": "stretch" changes the proportions of the median image by a factor of 1.33 and of wide.png by '
            'a factor of 10; "pad" and "crop" keep them',
        ),
    ],
)
def test_the_median_and_the_worst_are_told(resize: str, sentence: str) -> None:
    assert _notes(SIZES, resize) == [sentence]
    turned = SIZES[:, ::-1]
    assert _notes(turned, resize) == [sentence]
    (nameless,) = _notes(SIZES, resize, None)
    assert nameless == sentence.replace("wide.png", "the worst")


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_images_of_one_shape_are_told_as_one(resize: str) -> None:
    (note,) = _notes(SIZES[:2], resize)
    assert "every image" in note or "all images" in note
    assert "25 %" in note or "1.33" in note


def test_the_shares_are_those_of_the_pixels() -> None:
    """What the sentence says is what `decode_image` does to an image."""
    import tensorflow as tf

    from kerastune_ft.input.decode import decode_image

    image = np.zeros((30, 120, 3), np.uint8)
    image[:, 45:75] = 200
    assert "cuts off 75 %" in _notes(np.array([(30, 120)]), "crop", ("a",), side=20)[0]
    assert decode_image(tf.constant(image), Geometry(20, 20, "crop")).numpy().min() == 200
    assert "fills 75 %" in _notes(np.array([(30, 120)]), "pad", ("a",), side=20)[0]
    padded = decode_image(tf.constant(np.full((30, 120, 3), 200, np.uint8)), Geometry(20, 20, "pad")).numpy()
    assert (padded == 0).mean() == pytest.approx(0.75, abs=0.1)


def test_enlarging_is_told_where_many_images_are_small() -> None:
    sizes = np.array([(32, 32)] * 5 + [(200, 200)] * 5)
    assert _notes(sizes, "crop", None, side=128) == [
        "50 % of the images are smaller than 128 x 128 and get enlarged, half of them 4 times or more"
    ]
    assert _notes(sizes[:5], "pad", None, side=64)[0].startswith("all images are smaller than 64 x 64")
    few = np.array([(32, 32)] + [(200, 200)] * 19)
    assert _notes(few, "crop", None, side=128) == []


def test_cropping_is_not_proposed_where_it_is_refused() -> None:
    sizes = np.array([[20, 40], [20, 30]], np.int32)
    (note,) = describe_fitting(sizes, None, Geometry(10, 10, "stretch"), may_crop=False)
    assert note.endswith('; "pad" keeps them')
    (note,) = describe_fitting(sizes, None, Geometry(10, 10, "pad"), may_crop=False)
    assert note.endswith('; "stretch" distorts instead')
