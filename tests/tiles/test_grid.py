from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.tiles.grid import Cuts, Grid


@pytest.mark.parametrize(
    ("length", "size", "overlap", "starts"),
    [
        (100, 32, 0.25, [0, 24, 48, 68]),
        (64, 32, 0.0, [0, 32]),
        (65, 32, 0.0, [0, 32, 33]),
        (32, 32, 0.5, [0]),
        (20, 32, 0.5, [0]),
        (33, 32, 0.75, [0, 1]),
    ],
)
def test_the_last_tile_ends_where_the_picture_does(length: int, size: int, overlap: float, starts: list[int]) -> None:
    assert Grid(size, overlap).find_starts(length) == starts


@pytest.mark.parametrize("overlap", [0.0, 0.1, 0.25, 0.5, 0.75])
def test_tiles_cover_every_pixel_and_overlap_at_least_as_asked(overlap: float) -> None:
    for size in range(16, 40, 5):
        grid = Grid(size, overlap)
        for length in range(1, 130, 7):
            starts = grid.find_starts(length)
            side = min(size, length)
            covered = np.unique(np.concatenate([np.arange(start, start + side) for start in starts]))
            assert covered.tolist() == list(range(length))
            steps = np.diff(starts)
            assert (steps > 0).all()
            assert (steps <= size - grid.common).all()


def test_tiles_go_row_by_row_and_are_as_large_as_a_smaller_picture() -> None:
    assert Grid(32, 0.25).cut(20, 60).tolist() == [[0, 0, 20, 32], [0, 24, 20, 32], [0, 28, 20, 32]]
    assert Grid(32, 0.0).cut(40, 33).tolist() == [[0, 0, 32, 32], [0, 1, 32, 32], [8, 0, 32, 32], [8, 1, 32, 32]]


def test_pictures_have_their_tiles_in_order() -> None:
    cuts = Cuts(Grid(32, 0.0), np.array([[20, 30], [40, 33], [32, 50]], np.int32))
    assert cuts.pictures.tolist() == [0, 1, 1, 1, 1, 2, 2]
    assert cuts.ends.tolist() == [0, 1, 5, 7]
    assert cuts.find_tiles([2, 0]).tolist() == [5, 6, 0]
    assert cuts.find_tiles([]).dtype == np.int64
    assert [cuts.is_whole(tile) for tile in range(7)] == [True, *[False] * 6]
