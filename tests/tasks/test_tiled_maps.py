from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.input.decode import Geometry
from kerastune_ft.tasks.tiled_maps import blend_maps, measure_bands
from kerastune_ft.tiles.grid import Grid, TiledPicture

GEOMETRY = Geometry(8, 12, "stretch")


def picture(height: int, width: int) -> TiledPicture:
    grid = Grid(16, 0.25)
    return TiledPicture(height, width, grid.cut(height, width), grid.common, GEOMETRY)


def draw_maps(count: int) -> list[np.ndarray]:
    maps = np.random.default_rng(0).random((count, 8, 12, 3)).astype(np.float32)
    return list(maps / maps.sum(-1, keepdims=True))


def stitch(found: TiledPicture, maps: list[np.ndarray]) -> np.ndarray:
    """Return the probabilities of a picture, pixel by pixel."""
    total, weights = np.zeros((found.height, found.width, 3)), np.zeros((found.height, found.width, 1))
    for (top, left, rows, columns), values in zip(found.boxes.tolist(), maps, strict=True):
        for row in range(rows):
            for column in range(columns):
                down = min(1.0, (min(row, rows - 1 - row) + 0.5) / found.shared)
                across = min(1.0, (min(column, columns - 1 - column) + 0.5) / found.shared)
                nearest = values[int((row + 0.5) * 8 / rows), int((column + 0.5) * 12 / columns)]
                total[top + row, left + column] += down * across * nearest
                weights[top + row, left + column] += down * across
    return np.asarray(total / weights)


@pytest.mark.parametrize("size", [(40, 30), (16, 16), (9, 33)])
def test_probabilities_are_those_of_a_stitch_by_hand(size: tuple[int, int]) -> None:
    found = picture(*size)
    maps = draw_maps(len(found.boxes))
    bands = np.concatenate([band for _, band in blend_maps(found, maps)])
    np.testing.assert_allclose(bands, stitch(found, maps), atol=1e-5)


def test_figures_are_those_of_a_loop_over_pixels() -> None:
    found = picture(40, 30)
    maps = draw_maps(len(found.boxes))
    mask = np.random.default_rng(1).integers(0, 3, (40, 30)).astype(np.uint8)
    mask[5:9] = IGNORE
    measured = measure_bands(mask, blend_maps(found, maps), 3, GEOMETRY)
    whole = stitch(found, maps)
    confusion, loss = np.zeros((3, 3), np.int64), 0.0
    for place in np.ndindex(*mask.shape):
        if mask[place] != IGNORE:
            confusion[mask[place], whole[place].argmax()] += 1
            loss -= np.log(whole[place][mask[place]])
    assert np.array_equal(measured["confusion"], confusion)
    assert float(measured["loss"]) == pytest.approx(loss / (8 * 12), rel=1e-5)
    assert float(measured["count"]) == pytest.approx(36 * 30 / (8 * 12))


def test_a_picture_without_labelled_pixels_counts_nothing() -> None:
    found = picture(20, 20)
    mask = np.full((20, 20), IGNORE, np.uint8)
    measured = measure_bands(mask, blend_maps(found, draw_maps(len(found.boxes))), 3, GEOMETRY)
    assert not any(values.any() for values in measured.values())
