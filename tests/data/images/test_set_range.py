from __future__ import annotations

import pytest

from kerastune_ft.data.images.set_range import check_images, check_set
from kerastune_ft.data.images.value_range import Kind, Values
from kerastune_ft.errors import DataError

DARK, PHOTO = Values(Kind.BYTES, 0, 9), Values(Kind.BYTES, 0, 250)


def _message(*arguments: object) -> str:
    with pytest.raises(DataError) as caught:
        check_images(*arguments)  # type: ignore[arg-type]
    return str(caught.value)


def test_one_dark_photo_says_nothing_and_all_of_them_ask() -> None:
    assert check_images([DARK, PHOTO, DARK], None, True) == ()
    said = _message([DARK, Values(Kind.BYTES, 1, 16)], None, True)
    assert said.startswith("data.intensity: the images have 8-bit values from 0 to 16; images are 0 to 255")
    assert '"intensity": [0, 16]  in data, or  "intensity": [0, 255]  if they are that dark' in said
    assert check_images([DARK, DARK], (0.0, 16.0), True) == ()
    (note,) = check_images([DARK, DARK], (0.0, 255.0), True)
    assert note == "the images have 8-bit values from 0 to 9; images are 0 to 255, so these would be nearly black"


def test_zero_and_one_alone_name_the_line() -> None:
    said = _message([Values(Kind.BYTES, 0, 1)] * 3, None, True)
    assert 'would all be black.\nSay which range becomes 0 to 255: write  "intensity": [0, 1]  in data' in said
    assert check_images([Values(Kind.BYTES, 0, 0)] * 3, None, True) == ()


def test_other_data_is_refused_by_the_range_of_the_run() -> None:
    deep = Values(Kind.WHOLES, 0, 255)
    (note,) = check_images([deep], (0.0, 4095.0), True)
    assert "nearly black" in note
    said = _message([deep], (0.0, 4095.0), False)
    assert "the run's data.intensity is 0 to 4095, so they would be nearly black: bring them to that range" in said
    assert "8-bit values from 0 to 255" in _message([Values(Kind.BYTES, 0, 255)], (0.0, 4095.0), False)


def test_8_bit_pictures_beside_fractions_are_said_to_be_taken_as_they_are() -> None:
    found = [Values(Kind.FRACTIONS, 0, 1), PHOTO]
    (note,) = check_images(found, (0.0, 1.0), True)
    assert note.startswith("1 of 2 images have 8-bit values from 0 to 250, taken as they are")


def test_an_array_is_named_by_its_place() -> None:
    with pytest.raises(DataError, match=r"^data\.x: 'x' in a.npz has values from 0 to 300; images are 0 to 255"):
        check_set(Values(Kind.WHOLES, 0, 300), None, True, "'x' in a.npz has", "data.x")
