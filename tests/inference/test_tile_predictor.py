from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.inference.images import ImageReader
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.tile_predictor import TilePredictor
from kerastune_ft.input.decode import Geometry, fit_pixels
from kerastune_ft.tasks.segmentation import Segmentation
from kerastune_ft.tiles.grid import Grid, TiledPicture
from tests.support.tiled_scenes import GRID, TASK

GEOMETRY = Geometry(16, 16, "stretch")


def answer(images: Any) -> tf.Tensor:
    """Return logits that the brightness of every pixel decides."""
    bright = tf.cast(images, tf.float32)[..., 0] / 64.0
    return tf.stack([tf.zeros_like(bright) + 2.0, bright], -1)


class _Model:
    def __init__(self, task: Segmentation) -> None:
        self.task, self.shapes = task, Counter[int]()

    def row(self, name: str, problem: str | None, cells: Any) -> dict[str, Any]:
        return {"input": name, "error": problem} | ({} if problem else next(cells))

    def join_cells(self, picture: TiledPicture, tiles: Any) -> dict[str, Any]:
        found = self.task.decode_tiles(picture, tiles)
        return {**found.cells, "mask": found.mask}


def make_predictor() -> tuple[TilePredictor, _Model]:
    """Return a predictor around a model of arithmetic alone."""
    made: Any = object.__new__(TilePredictor)
    scheme: Any = SimpleNamespace(names=("background", "cell"), kind="mask")
    model = made._run_model = _Model(Segmentation(TASK, Head(), scheme, 0, (16, 16)))
    made._reader = ImageReader(GEOMETRY, ImageReading(), is_fitted=False)
    made._grid, made._geometry = GRID, GEOMETRY
    made._fit = lambda pixels: fit_pixels(pixels, GEOMETRY)

    def compute(images: tf.Tensor) -> tf.Tensor:
        model.shapes[len(images)] += 1
        return answer(images)

    made._outputs = compute
    return made, model


def expect(values: np.ndarray, grid: Grid) -> np.ndarray:
    """Return the mask of a picture, all of whose tiles are computed at once."""
    boxes = grid.cut(*values.shape[:2])
    tiles = [
        fit_pixels(values[top : top + rows, left : left + columns], GEOMETRY) for top, left, rows, columns in boxes
    ]
    picture = TiledPicture(*values.shape[:2], boxes, grid.common, GEOMETRY)
    scheme: Any = SimpleNamespace(names=("background", "cell"), kind="mask")
    mask = Segmentation(TASK, Head(), scheme, 0, (16, 16)).decode_tiles(picture, list(answer(tf.stack(tiles)))).mask
    assert mask is not None
    return mask


def test_pictures_of_any_size_share_batches_of_one_shape() -> None:
    random = np.random.default_rng(0)
    sizes = [(70, 50), (20, 20), (33, 90), (64, 64)]
    pictures = [random.integers(0, 256, (*size, 3)).astype(np.uint8) for size in sizes]
    items = [Item(f"{number}", values=values) for number, values in enumerate(pictures)]
    items.insert(2, Item("lost", problem="is not there"))
    predictor, model = make_predictor()
    rows = [row for batch in predictor.batches([*items, Item("last", problem="is a mask")], 8) for row in batch]
    assert [row["input"] for row in rows] == ["0", "1", "lost", "2", "3", "last"]
    assert [row["error"] for row in rows if "mask" not in row] == ["is not there", "is a mask"]
    assert list(model.shapes) == [8]
    for row, values in zip([row for row in rows if "mask" in row], pictures, strict=True):
        assert np.array_equal(row["mask"], expect(values, GRID))
        assert row["share_cell"] == (row["mask"] == 1).mean()


def test_fewer_tiles_than_a_batch_are_not_filled_up() -> None:
    predictor, model = make_predictor()
    item = Item("a", values=np.zeros((20, 40, 3), np.uint8))
    (row,) = predictor.answer([predictor.read(item)], 32)
    assert row["mask"].shape == (20, 40)
    assert list(model.shapes) == [2]
    assert list(predictor.batches([], 8)) == []
