from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.labels.counted import CountedLabels


class Counts(CountedLabels):
    kind = "boxes"

    @property
    def texts(self) -> list[str]:
        return [str(row) for row in self.numbers.tolist()]


def make(*rows: tuple[int, int, int]) -> Counts:
    return Counts(("a", "b", "c"), np.array(rows, np.int64))


def test_examples_are_counted_by_class_and_weighed_by_what_they_have() -> None:
    labels = make((4, 0, 0), (2, 6, 0), (1, 0, 0))
    assert labels.counts(np.array([0, 1])) == {"a": 2, "b": 1, "c": 0}
    # 12 in all, of two classes that occur: 12 / (2 * 6) each; nothing is of the third.
    assert labels.balanced_weights(np.array([0, 1])) == pytest.approx((1, 1, 1))
    assert labels.balanced_weights(np.array([1, 2])) == pytest.approx((9 / 6, 9 / 12, 1))


def test_strata_are_the_classes_of_examples_unless_all_have_every_one() -> None:
    strata, names = make((4, 0, 0), (2, 6, 0)).strata
    assert strata.tolist() == [[1, 0, 0], [1, 1, 0]] and names == ("a", "b", "c")
    assert make((1, 2, 3), (3, 2, 1)).strata[0].tolist() == [0, 0]
    assert make((1, 0, 3), (3, 0, 1)).strata_are_classes, "a class that none has is to be said"
