from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.graphs.masks import restore_maps
from kerastune_ft.exporting.graphs.tiles import TileGraphs
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.mask_geometry import find_places
from kerastune_ft.tiles.grid import Grid
from tests.support.tiny_servings import classes_task, make_serving


def test_predict_py_knows_the_tiles_and_the_saved_model_says_them() -> None:
    serving = make_serving(classes_task())
    serving.grid = Grid(64, 0.25)
    assert serving.preprocessing()["tiles"]["common"] == 16
    serving.task.scheme = LabelScheme("mask", ("ground", "cell"), raw_values={0: "ground", 255: "cell"})
    assert TileGraphs(serving).answers()["tiles"] == [64, 16, 2]


@pytest.mark.parametrize("how", ["pad", "stretch"])
@pytest.mark.parametrize("size", [(31, 17), (8, 12), (5, 40)])
def test_maps_are_restored_as_predict_does(how: str, size: tuple[int, int]) -> None:
    maps = np.random.default_rng(0).random((2, 8, 12, 3)).astype(np.float32)
    geometry = Geometry(8, 12, how)
    found = restore_maps(tf.constant(maps), *map(tf.constant, size), geometry).numpy()
    rows, columns = find_places(*size, geometry)
    assert np.array_equal(found, maps[:, rows][:, :, columns])
