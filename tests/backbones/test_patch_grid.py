from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.patch_grid import find_grid, lay_out


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (98, 70), (37, 53), (224, 160), (518, 518)])
def test_a_grid_is_found_from_the_number_of_patches_alone(size: tuple[int, int]) -> None:
    for side in range(2, min(size) // 2 + 1):
        rows, columns = size[0] // side, size[1] // side
        assert find_grid(rows * columns, size) == (rows, columns)


def test_what_is_left_over_may_be_a_patch() -> None:
    # 33 x 16 pixels in patches of 4, the last row of which has one row of pixels.
    assert find_grid(9 * 4, (33, 16)) == (9, 4)


@pytest.mark.parametrize("positions", [0, 1, 7, 65, 66])
def test_what_is_no_grid_is_none(positions: int) -> None:
    assert find_grid(positions, (64, 64)) is None
    with pytest.raises(ValueError, match="no grid of patches"):
        lay_out(keras.Input((positions + 1, 3)), 1, (64, 64), "stride8")


def test_every_patch_lies_where_it_was_cut() -> None:
    """Positions numbered row by row after two class tokens come out in rows and columns."""
    inputs = keras.Input((14, 1))
    model = keras.Model(inputs, lay_out(inputs, 2, (30, 40), "stride8"))
    values = np.concatenate([[-1, -2], np.arange(12)]).astype(np.float32)[None, :, None]
    assert np.array_equal(model(values)[0, :, :, 0], np.arange(12).reshape(3, 4))
    assert [layer.name for layer in model.layers[1:]] == ["stride8_patches", "stride8_grid"]
