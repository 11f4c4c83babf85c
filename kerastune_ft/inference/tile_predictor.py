"""Predictions on large pictures: tile by tile, put together as in the evaluation of the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.run import RunConfig
from kerastune_ft.inference.decode_ahead import DecodedInput, Reader, decode_ahead
from kerastune_ft.inference.fixed_shape_predictor import ImagePredictor, make_image_reader
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.run_model import Row
from kerastune_ft.input.decode import Geometry, fit_pixels
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tiles.grid import TiledPicture, make_grid

# Whole pictures that are decoded while tiles of an earlier one are computed.
_AHEAD = 2


class TilePredictor(ImagePredictor):
    """Predicts on images of any size by their tiles.

    Of a picture there are in memory its decoded pixels, the tiles of a batch, what a row of tiles gave, and its mask.
    """

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load the model of a run; `plan` is its plan.json. Raises ConfigError where the run has no model."""
        super().__init__(run, config, plan, form)
        height, width = plan["backbone"]["image_size"]
        grid = make_grid(config.data.tiles)
        assert grid is not None
        self._grid, self._geometry = grid, Geometry(height, width, config.data.resize)
        self._fit = tf.function(lambda pixels: fit_pixels(pixels, self._geometry), reduce_retracing=True)

    def make_reader(self, config: RunConfig, plan: Mapping[str, Any]) -> Reader:
        """Return a reader of images at their own size."""
        return make_image_reader(config, plan, is_fitted=False)

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Yield the row of each item, in order; the model computes `size` tiles at once, whosever they are."""
        self.forget_remarks()
        for read, row in self._answer_all(decode_ahead(items, self._reader, _AHEAD), size):
            self.count_remarks([read])
            yield [row]

    def answer(self, read: Sequence[DecodedInput], shape: int) -> list[Row]:
        """Return a row for each input; the model computes `shape` tiles at once."""
        return [row for _, row in self._answer_all(read, shape)]

    def _answer_all(self, inputs: Iterable[DecodedInput], size: int) -> Iterator[tuple[DecodedInput, Row]]:
        """Yield each input with its row; tiles of several small pictures share a batch."""
        pictures: deque[DecodedInput] = deque()
        batches = self._compute_tiles(self._cut(inputs, pictures), size)
        ready: deque[np.ndarray] = deque()

        def pull() -> bool:
            """Compute another batch; return False where there is none."""
            ready.extend(found := next(batches, ()))
            return len(found) > 0

        def take(count: int) -> Iterator[np.ndarray]:
            for _ in range(count):
                while not ready:
                    pull()
                yield ready.popleft()

        while True:
            while not pictures and pull():
                pass
            if not pictures:
                return
            yield (read := pictures.popleft()), self._make_row(read, take)

    def _make_row(self, read: DecodedInput, take: Any) -> Row:
        if read.placement is None:
            return self._run_model.row(read.name, read.problem, iter(()))
        height, width = read.placement.height, read.placement.width
        boxes = self._grid.cut(height, width)
        picture = TiledPicture(height, width, boxes, self._grid.common, self._geometry)
        return self._run_model.row(read.name, None, iter([self._run_model.join_cells(picture, take(len(boxes)))]))

    def _cut(self, inputs: Iterable[DecodedInput], pictures: deque[DecodedInput]) -> Iterator[tf.Tensor]:
        """Yield the fitted tiles of all inputs, in order; an input is put to `pictures` before its first tile."""
        for read in inputs:
            # The pixels are cut up here and needed no more.
            pictures.append(DecodedInput(read.name, None, read.problem, read.placement, read.remarks))
            if read.values is None or read.placement is None:
                continue
            for top, left, rows, columns in self._grid.cut(read.placement.height, read.placement.width).tolist():
                yield self._fit(read.values[top : top + rows, left : left + columns])

    def _compute_tiles(self, tiles: Iterator[tf.Tensor], size: int) -> Iterator[np.ndarray]:
        """Yield the raw outputs of tiles in batches of one shape: `size`, or fewer where there are fewer in all."""
        shape: int | None = None
        while batch := [tile for _, tile in zip(range(size), tiles, strict=False)]:
            shape = shape or len(batch)
            padding = [tf.zeros_like(batch[0])] * (shape - len(batch))
            yield np.asarray(self._outputs(tf.stack([*batch, *padding])))[: len(batch)]
