from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.labels.box_sides import Sides, fit_sides
from kerastune_ft.data.labels.raw import BoxList, BoxLists
from kerastune_ft.errors import DataError

GOOD = [[float(x), 1, x + 3, 5] for x in range(20)]


def fitted(*rows: list[Any], size: tuple[int, int] | None = (10, 30), fractions: bool = False) -> Sides:
    """Fit boxes of the picture `odd` beside twenty good ones of another."""
    lists = [
        BoxList.make(GOOD if not fractions else np.array(GOOD) / 30, ["a"] * len(GOOD), "good"),
        BoxList.make(rows, ["a"] * len(rows), "odd.xml"),
    ]
    sizes = [(10, 30) if not fractions else (30, 30), size]
    return fit_sides(BoxLists(lists, fractions), np.zeros(20 + len(rows), int), ["good", "odd"], sizes)


def odd(sides: Sides) -> list[list[float]]:
    return sides.edges[sides.pictures == 1].tolist()


@pytest.mark.parametrize(
    ("row", "expected", "note"),
    [
        ([2, 3, 8, 9], [[2, 3, 8, 9]], None),
        ([8, 3, 2, 9], [[2, 3, 8, 9]], "1 box has its edges exchanged"),
        ([2, 9, 8, 3], [[2, 3, 8, 9]], "1 box has its edges exchanged"),
        ([2, 3, 2, 9], [], "1 box has no width or no height and is left out"),
        ([-5, 3, 8, 99], [[0, 3, 8, 10]], "1 box reaches beyond its picture and is clipped"),
        ([0, 0, 30.01, 10], [[0, 0, 30, 10]], None),
        ([31, 3, 38, 9], [], "1 box lies outside its picture and is left out"),
        ([2, -9, 8, 0], [], "1 box lies outside"),
    ],
)
def test_every_fault_has_its_rule_and_is_said(row: list[float], expected: Any, note: str | None) -> None:
    found = fitted(row)
    assert odd(found) == expected
    assert found.edges[:20].tolist() == GOOD
    assert len(found.notes) == (note is not None)
    if note:
        assert note in found.notes[0] and found.notes[0].endswith("(odd)")


def test_a_box_that_is_there_twice_counts_once_and_other_classes_have_their_own() -> None:
    found = fitted([2, 3, 8, 9], [2, 3, 8, 9])
    assert odd(found) == [[2, 3, 8, 9]]
    assert found.kept.tolist() == list(range(21))
    raw = BoxLists([BoxList.make([[2, 3, 8, 9]] * 2, ["a", "b"], "-")])
    assert len(fit_sides(raw, np.array([0, 1]), ["x"], [(10, 30)]).edges) == 2


@pytest.mark.parametrize("row", [[8, 3, 2, 9], [31, 3, 38, 9]])
def test_many_of_one_fault_are_refused(row: list[float]) -> None:
    assert len(fitted(row, row, row).notes) >= 1
    with pytest.raises(DataError, match=r"of 4 of 24 boxes each (?s:.*)no slips"):
        fitted(row, row, row, row)


def test_fractions_are_of_the_own_picture() -> None:
    assert odd(fitted([0.1, 0.25, 0.5, 1.0], size=(8, 20), fractions=True)) == [[2, 2, 10, 8]]
    assert odd(fitted([0.1, 0.25, 0.5, 1.0], size=None, fractions=True)) == [[0.1, 0.25, 0.5, 1.0]]


def test_sides_that_differ_from_those_of_the_annotation_are_refused_with_the_remedy() -> None:
    def check(*sizes: tuple[int, int]) -> None:
        lists = [BoxList.make([], [], f"{number}.xml", size=size) for number, size in enumerate(sizes)]
        fit_sides(BoxLists(lists), np.zeros(0, int), list("ab"), [(10, 30), (10, 30)])

    check((10, 30), (10, 30))
    with pytest.raises(DataError, match=r"1 of 2 images has(?s:.*)b  is 30 x 10, and 1.xml says 10 x 30(?s:.*)EXIF"):
        check((10, 30), (30, 10))
    with pytest.raises(DataError, match=r"2 of 2 images have(?s:.*)pictures that were annotated"):
        check((20, 60), (30, 10))


def test_no_boxes_at_all_are_none() -> None:
    assert fit_sides(BoxLists([BoxList.make([], [], "-")]), np.zeros(0, int), ["a"], [(3, 4)]).edges.shape == (0, 4)


def test_whole_pixels_that_were_written_as_fractions_are_whole_again() -> None:
    wanted = np.array([[33.0, 47, 101, 333], [10.5, 20.25, 30.5, 40.25]])
    fractions = np.round(wanted / [640, 480, 640, 480], 6)
    raw = BoxLists([BoxList.make(fractions.tolist(), ["a", "a"], "0")], are_fractions=True)
    edges = fit_sides(raw, np.zeros(2, np.int64), ["x"], [(480, 640)]).edges
    assert edges[0].tolist() == wanted[0].tolist()
    np.testing.assert_allclose(edges[1], wanted[1], atol=1e-3)
