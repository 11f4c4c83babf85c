"""Limits of the server: the sizes of batches that follow from the largest."""

from __future__ import annotations

import pytest

from kerastune_ft.serving.limits import Limits


@pytest.mark.parametrize(("most", "shapes"), [(1, (1,)), (2, (1, 2)), (6, (1, 2, 4, 6)), (8, (1, 2, 4, 8))])
def test_batches_have_few_sizes_of_which_the_largest_is_the_limit(most: int, shapes: tuple[int, ...]) -> None:
    assert Limits(batch_size=most).shapes == shapes
