from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.tiles.blend import blend, make_ramp
from kerastune_ft.tiles.grid import Grid


def weigh(place: int, length: int, shared: int) -> float:
    """Return the weight of a pixel of a side of a tile, by the sentence in the docs."""
    to_border = min(place, length - 1 - place)
    return 1.0 if not shared else min(1.0, (to_border + 0.5) / shared)


@pytest.mark.parametrize(
    ("height", "width", "size", "overlap"),
    [
        (70, 50, 32, 0.25),
        (20, 80, 32, 0.25),
        (33, 33, 32, 0.5),
        (64, 64, 32, 0.0),
        (30, 31, 32, 0.7),
        (45, 60, 16, 0.75),
    ],
)
def test_bands_are_the_means_of_a_loop_over_pixels(height: int, width: int, size: int, overlap: float) -> None:
    random, grid = np.random.default_rng(0), Grid(size, overlap)
    boxes = grid.cut(height, width)
    maps = [random.random((rows, columns, 3)).astype(np.float32) for _, _, rows, columns in boxes]
    total, weights = np.zeros((height, width, 3)), np.zeros((height, width, 1))
    for (top, left, rows, columns), values in zip(boxes.tolist(), maps, strict=True):
        for row in range(rows):
            for column in range(columns):
                weight = weigh(row, rows, grid.common) * weigh(column, columns, grid.common)
                total[top + row, left + column] += weight * values[row, column]
                weights[top + row, left + column] += weight
    bands = list(blend(boxes, width, grid.common, maps))
    assert [top for top, _ in bands] == np.cumsum([0, *(len(band) for _, band in bands)])[:-1].tolist()
    np.testing.assert_allclose(np.concatenate([band for _, band in bands]), total / weights, atol=1e-6)
    assert max(len(band) for _, band in bands) <= size


def test_the_weights_of_two_tiles_that_overlap_as_planned_add_up_to_one() -> None:
    for size, shared in ((32, 8), (33, 11), (64, 32)):
        ramp = make_ramp(size, shared)
        np.testing.assert_allclose(ramp[-shared:] + ramp[:shared], 1.0, rtol=1e-6)
        assert ramp.min() > 0


def test_one_tile_is_itself() -> None:
    values = np.random.default_rng(0).random((5, 7, 2)).astype(np.float32)
    ((top, band),) = blend(Grid(16, 0.5).cut(5, 7), 7, 8, [values])
    assert top == 0
    np.testing.assert_allclose(band, values, rtol=1e-6)
