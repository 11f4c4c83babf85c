from __future__ import annotations

import keras
import pytest

from kerastune_ft.layers.decoders.blocks import order_strides, resize, round_channels


def test_strides_are_ordered_as_numbers() -> None:
    assert list(order_strides({"stride16": 0, "stride2": 0, "stride8": 0})) == [2, 8, 16]


@pytest.mark.parametrize(("wanted", "channels"), [(0, 8), (11.9, 8), (12.1, 16), (64, 64), (90.5, 88)])
def test_channels_are_multiples_of_the_groups(wanted: float, channels: int) -> None:
    assert round_channels(wanted) == channels


def test_a_map_of_the_size_stays_as_it_is() -> None:
    x = keras.Input((5, 7, 3))
    assert resize(x, (5, 7), "same") is x
    assert resize(x, (6, 7), "other").shape == (None, 6, 7, 3)
