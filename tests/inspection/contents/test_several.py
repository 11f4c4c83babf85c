from __future__ import annotations

import math

import numpy as np

from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.inspection.contents.base import CONSTANT, Contents, Copies, Copy, Fault
from kerastune_ft.inspection.contents.images import Pictures
from kerastune_ft.inspection.contents.several import NUMBERS, Several
from kerastune_ft.inspection.contents.texts import Texts

COUNT = 6
STRATA = np.zeros(COUNT, np.int64)


class Photos(Pictures):
    """Pictures of which the copies are known."""

    def __init__(self, hashes: str, near: dict[tuple[int, int], float], flat: tuple[int, ...] = ()) -> None:
        self.hashes, self._near = list(hashes), near
        self.faults = [Fault(position, CONSTANT, "flat") for position in flat]

    def find_copies(self, *_: object) -> Copies:
        return Copies(tuple(Copy(*pair, likeness) for pair, likeness in self._near.items()), 0.75, len(self._near))


def make(photos: Photos, notes: list[str], numbers: list[float], words: str = "aaaaaa") -> Several:
    parts: dict[str, Contents] = {"image": photos, "text": Texts([(note,) for note in notes])}
    return Several(parts, ColumnCells({"x": np.array(numbers)}, {"ward": list(words)}))


def find(several: Several) -> list[tuple[int, int, float]]:
    found = several.find_copies(None, STRATA, lambda done, total: None)
    return [(pair.first, pair.second, round(pair.likeness, 2)) for pair in found.pairs]


NOTES = [
    "a river runs below the old mill",
    "a river runs below the old mills",
    "three birds over an empty field",
    "nobody came to the market today",
    "glass and iron from the harbour",
    "seven lamps were lit at midnight",
]


def test_an_example_is_a_copy_where_every_part_is() -> None:
    near = {(0, 1): 0.9, (2, 3): 0.8}
    # Of 2 and 3 the notes differ, of 4 and 5 the numbers: no copies.
    numbers = [1.0, 1.0, 2.0, 2.0, 3.0, 4.0]
    several = make(Photos("abcdee", near), [*NOTES[:5], NOTES[4]], numbers)
    ((first, second, likeness),) = find(several)
    assert (first, second) == (0, 1)
    assert 0.7 < likeness <= 0.9
    assert len(set(several.hashes)) == COUNT


def test_the_same_in_all_parts_is_the_same_example() -> None:
    several = make(Photos("abcdea", {}), [*NOTES[:5], NOTES[0]], [1, 2, 3, 4, 5, 1])
    assert several.hashes[0] == several.hashes[5]
    # A missing number equals a missing one, and another word is another example.
    missing = make(Photos("aaaaaa", {}), [NOTES[0]] * 6, [math.nan] * 6, "aabbbb")
    assert [len({*missing.hashes[:2]}), len({*missing.hashes})] == [1, 2]


def test_a_near_copy_of_a_part_counts_for_those_that_share_the_part() -> None:
    # The photo of 5 is that of 1, which is nearly that of 0; its note and numbers are those of 0.
    several = make(Photos("abcdeb", {(0, 1): 0.8}), [*NOTES[:5], NOTES[0]], [1, 2, 3, 4, 5, 1])
    assert find(several) == [(0, 5, 0.8)]


def test_a_part_in_several_splits_is_told_where_the_whole_is_no_copy() -> None:
    splits = ["train", "test", "train", "test", "train", "train"]
    near = {(2, 3): 0.8}
    several = make(Photos("aacdff", near), NOTES, [1, 2, 3, 3, 5, 6])
    find(several)
    found = several.find_shared(splits, np.arange(COUNT))
    # The photo of 4 and 5 lies in one split.
    assert [(each.part, each.positions) for each in found] == [
        ("image", (0, 1)),
        ("image", (2, 3)),
        ("text", (0, 1)),
        (NUMBERS, (2, 3)),
    ]
    assert found[1].likeness == 0.8
    whole = np.array([0, 0, 2, 2, 4, 5])
    assert several.find_shared(splits, whole) == []


def test_texts_and_numbers_that_most_examples_share_are_categories() -> None:
    several = make(Photos("abcdef", {}), [NOTES[0], NOTES[3]] * 3, [1, 1, 1, 2, 2, 2])
    find(several)
    assert several.find_shared(["train", "test"] * 3, np.arange(COUNT)) == []
    assert several.notes == [
        "text: 2 different texts in 6 examples, so that the same in several splits is no leak, and was not looked for",
        "numbers: 2 different rows in 6 examples, so that the same in several splits is no leak, and was not looked "
        "for",
    ]


def test_a_white_picture_beside_numbers_is_not_empty() -> None:
    photos = Photos("abcdef", {}, flat=(1,))
    several = make(photos, NOTES, [1, 2, 3, 4, 5, 6])
    assert [(fault.position, fault.words) for fault in several.faults] == [(1, "image: flat")]
    assert several.list_empty() == []
    pair = Several({"left": photos, "right": Photos("abcdef", {}, flat=(1, 2))}, ColumnCells())
    assert [fault.position for fault in pair.list_empty()] == [1]


def test_with_one_picture_the_likeness_is_that_of_pictures() -> None:
    several = Several({"image": Photos("abcdef", {})}, ColumnCells({"x": np.arange(6.0)}))
    assert several.measure == Pictures.measure
