from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting.answers.base import Compared, Samples
from kerastune_ft.exporting.answers.boxes import compare
from kerastune_ft.exporting.check import refuse_difference

SCHEME = LabelScheme("boxes", ("cell", "dust"))
THRESHOLDS = (0.3, 0.5)
CELL = [10.0, 10.0, 30.0, 30.0]


def answer(*boxes: list[float]) -> dict[str, Any]:
    found = [{"label": SCHEME.names[int(each[4])], "score": each[5], "box": each[:4]} for each in boxes]
    return {"boxes": found}


def judge(run: dict[str, Any], export: dict[str, Any], truth: list[list[float]] | None = None) -> Compared:
    samples = Samples(["a.jpg"], [np.array(truth or [], np.float32).reshape(-1, 7)], THRESHOLDS)
    return compare(SCHEME, samples, [run], [export])


def test_boxes_are_matched_by_class_and_place_in_any_order() -> None:
    other = [50.0, 50.0, 60.0, 60.0]
    run = answer([*CELL, 0, 0.9], [*CELL, 1, 0.8], [*other, 0, 0.4])
    found = judge(run, answer([*other, 0, 0.4], [*CELL, 1, 0.8125], [*CELL, 0, 0.875]))
    assert found.flips == []
    assert found.largest == pytest.approx(0.025, abs=1e-6)


def test_a_place_counts_by_a_tenth_of_the_overlap_that_is_missing() -> None:
    moved = [11.0, 10.0, 31.0, 30.0]
    found = judge(answer([*CELL, 0, 0.9]), answer([*moved, 0, 0.9]))
    assert found.largest == pytest.approx(0.1 * (1 - 19 * 20 / (2 * 400 - 19 * 20)), abs=1e-6)


@pytest.mark.parametrize("turned", [False, True])
def test_a_box_that_only_one_has_is_as_close_as_its_score_is_to_its_threshold(turned: bool) -> None:
    boxes = ([*CELL, 0, 0.9], [50.0, 50.0, 60.0, 60.0, 1, 0.53])
    run, export = (boxes[:1], boxes) if turned else (boxes, boxes[:1])
    found = judge(answer(*run), answer(*export))
    (flip,) = found.flips or ()
    assert flip.gap == pytest.approx(0.03, abs=1e-6)
    assert sorted((flip.run, flip.export)) == ["dust 0.530 at 50.0, 50.0, 60.0, 60.0", "no other box"]
    refuse_difference(found, Samples(["a.jpg"], []), 0.04)
    with pytest.raises(PromiseError, match=r"boxes that the run lacks, or lacks some, .* more than 0.02 above"):
        refuse_difference(found, Samples(["a.jpg"], []), 0.02)


def test_a_box_at_the_edge_of_suppression_is_as_close_as_its_overlap() -> None:
    # 15.5 of 24.5 columns are shared.
    first, second = [0, 0, 20, 20, 0, 0.9], [4.5, 0, 24.5, 20, 0, 0.8]
    (flip,) = judge(answer(first, second), answer(first)).flips or ()
    assert flip.gap == pytest.approx(15.5 / 24.5 - 0.6, abs=1e-6)


def test_a_box_in_the_place_of_one_at_the_edge_is_as_close_as_that_one() -> None:
    # 15 of 25 columns are shared, which is the very overlap that decides.
    kept, went, back = [0, 0, 20, 20, 0, 0.9], [5, 0, 25, 20, 0, 0.8], [8, 0, 28, 20, 0, 0.7]
    found = judge(answer(kept, went), answer(kept, back))
    assert (found.largest, found.flips) == (pytest.approx(0.0, abs=1e-6), [])
    # Farther away from it nothing explains another score.
    kept[2] = 12
    assert judge(answer(kept, went), answer(kept, back)).largest == pytest.approx(0.1, abs=1e-6)


def test_both_are_scored_by_f1() -> None:
    truth = [[*CELL, 0, 0, 400], [50, 50, 60, 60, 1, 0, 100], [70, 70, 90, 90, 0, 1, 400]]
    found = judge(answer([*CELL, 0, 0.9], [0, 0, 5, 5, 0, 0.9]), answer([*CELL, 0, 0.9]), truth)
    # One hit, one missed; the run has a false alarm as well. What is of a crowd counts neither way.
    assert (found.of_run, found.of_export) == (2 / 4, 2 / 3)


def test_pictures_without_any_box_are_the_same() -> None:
    found = judge(answer(), answer())
    assert (found.largest, found.flips) == (0.0, [])
    assert np.isnan(found.of_run)
