from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting.answers.base import Compared, Flip, Samples
from kerastune_ft.exporting.check import refuse_difference, refuse_size

SAMPLES = Samples(["a.png", "b.png"], [0, 1])


def compared(*differences: float, gap: float | None = None) -> Compared:
    flips = [] if gap is None else [Flip("b.png", "cat", "dog", gap)]
    return Compared(np.array(differences), "of a probability", flips, "accuracy", 1.0, 1.0)


def test_what_lies_within_the_tolerance_passes() -> None:
    refuse_difference(compared(0.0, 0.001), SAMPLES, 0.001)
    refuse_difference(compared(0.0, 0.0005, gap=0.0008), SAMPLES, 0.001)


@pytest.mark.parametrize("far", [0.002, float("nan"), float("inf")])
def test_a_difference_above_it_is_refused_with_its_sample(far: float) -> None:
    with pytest.raises(PromiseError, match=r"\(on b.png\), and at most 0.001"):
        refuse_difference(compared(0.0, far), SAMPLES, 0.001)


def test_a_flip_of_answers_that_are_not_close_is_refused() -> None:
    with pytest.raises(PromiseError, match=r"b.png.*cat by the run, dog by the export"):
        refuse_difference(compared(0.0, 0.0005, gap=0.01), SAMPLES, 0.001)


def test_files_that_lack_weights_or_have_them_twice_are_refused() -> None:
    for total in (25_000_000, 100_000_000, 110_000_000, 190_000_000):
        refuse_size(total, 100_000_000)
    with pytest.raises(PromiseError, match="lacks some"):
        refuse_size(100_000, 100_000_000)
    with pytest.raises(PromiseError, match="some twice"):
        refuse_size(210_000_000, 100_000_000)
