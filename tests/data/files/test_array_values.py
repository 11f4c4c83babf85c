from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.files.array_values import as_text, decode_text, has_halves, list_values
from kerastune_ft.errors import DataError

PLACE = "data.y: 'y' in a.npz"


def test_values_are_listed_as_numbers_and_whole_texts() -> None:
    assert list_values(np.array([["a", "käse"]]), "y", PLACE) == [["a", "käse"]]
    assert list_values(np.array(["käse".encode(), b"b"]), "y", PLACE) == ["käse", "b"]
    assert list_values(np.array(["ä", "😀"], dtype=">U1"), "y", PLACE) == ["ä", "😀"]
    assert list_values(np.array([1.5, 2]), "y", PLACE) == [1.5, 2]
    assert list_values(np.zeros((0,), "U3"), "y", PLACE) == []


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([b"a", b"k\xe4se"]), r"data.y: 'y' in a.npz has bytes that are no UTF-8, the first at y\[1\]; save"),
        (np.array([[b"a", b"b"], [b"c", b"\xff"]]), r"the first at y\[1, 1\]"),
        (np.array(["a", "\ud800"]), r"has half a character .* the first at y\[1\]; write"),
        (np.array(["a", "b\udfff"], dtype=">U2"), r"has half a character .* the first at y\[1\]"),
    ],
)
def test_bytes_and_halves_are_named_by_their_place(array: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        list_values(array, "y", PLACE)


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "3"), (3, "3"), (2.5, "2.5"), (float("nan"), "nan"), (1e20, "1" + "0" * 20), ("a", "a")]
)
def test_a_whole_number_is_the_same_text_whatever_its_dtype(value: object, text: str) -> None:
    assert as_text(value) == text


def test_bytes_of_one_text() -> None:
    assert decode_text("ä".encode(), "here") == "ä"
    with pytest.raises(DataError, match=r"here has bytes that are no UTF-8 \(0xe4 at 1\)"):
        decode_text(b"k\xe4se", "here")
    assert [has_halves(text) for text in ("ä", "\ud800", "a", "x\udfff", "\ue000")] == [False, True, False, True, False]
