"""The names of inputs that a program has in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.read_options import ReadOptions

PICTURES = np.zeros((2, 8, 9, 3), np.uint8)


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ([PICTURES], ["[0]", "[1]"]),
        ([PICTURES[:1]], ["[0]"]),
        ([PICTURES[0]], ["[0]"]),
        ([PICTURES[0], PICTURES[1]], ["[0]", "[1]"]),
        ([PICTURES, PICTURES[:1]], ["[0][0]", "[0][1]", "[1][0]"]),
    ],
)
def test_rows_of_the_only_array_are_named_by_their_places_alone(inputs: list[np.ndarray], names: list[str]) -> None:
    options = ReadOptions(None, None, None, IMAGES, Path("cache"), print)
    assert [item.name for listing in list_inputs(inputs, options) for item in listing.items] == names
