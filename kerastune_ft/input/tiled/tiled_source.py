"""A data source whose examples are the tiles of another one's pictures."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.decode import read_pixels
from kerastune_ft.tiles.grid import Cuts, Grid
from kerastune_ft.tiles.memory import PictureMemory


class TiledSource(DataSource):
    """The tiles of all pictures of a source, picture after picture, in the splits and groups of their pictures.

    Tiles are known by the contents of their pictures and their places in these, and a tile that is a whole picture as
    that picture. `info` goes on describing the pictures.
    """

    cuts: Cuts

    def __init__(self, whole: DataSource, grid: Grid) -> None:
        """Cut the pictures of `whole`, whose sizes are known, as `grid` says."""
        assert whole.image_sizes is not None
        self._whole, self.cuts = whole, Cuts(grid, np.asarray(whole.image_sizes))
        self.rules, self.encoded, self.info, self.change = whole.rules, whole.encoded, whole.info, whole.change
        self._labels = whole.label_set.cut(self.cuts)
        boxes, pictures = self.cuts.boxes, self.cuts.pictures.tolist()
        self.image_sizes = boxes[:, 2:]
        self.keys = [
            f"{whole.keys[picture]} [{box[0]}, {box[1]}]" for picture, box in zip(pictures, boxes, strict=True)
        ]
        self.contents = [self._hash(tile, picture) for tile, picture in enumerate(pictures)]
        self.groups = None if whole.groups is None else [whole.groups[picture] for picture in pictures]
        self.splits = {split: self.cuts.find_tiles(indices) for split, indices in whole.splits.items()}
        self._memory = PictureMemory(self._read_picture)

    def _hash(self, tile: int, picture: int) -> str:
        content = self._whole.contents[picture]
        if self.cuts.is_whole(tile):
            return content
        return hashlib.sha256(f"{content} tile {self.cuts.boxes[tile].tolist()}".encode()).hexdigest()

    @property
    def decoded_pixels(self) -> float:
        """The pixels that are decoded, in the mean, to read a tile of a picture of which none was read before."""
        sizes = np.prod(self.cuts.sizes.astype(np.int64), axis=1)
        return float(sizes[self.cuts.pictures].mean())

    def divide_like(self, source: DataSource) -> DataSource:
        """Return the tiles in the splits that a source of their pictures has."""
        other = copy.copy(self)
        other.splits = {split: self.cuts.find_tiles(indices) for split, indices in source.splits.items()}
        return other

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `image`: the pixels of a tile [height, width, 3], cut out of its picture, which is decoded once."""
        tile = tf.numpy_function(self._read_tile, [index], self._dtype, stateful=False)
        return {"image": tf.ensure_shape(tile, [None, None, 3])}

    def find_changed(self, indices: Iterable[int]) -> list[str]:
        """Return the keys of the pictures of these tiles whose files have changed since they were checked."""
        return self._whole.find_changed(sorted({int(self.cuts.pictures[index]) for index in indices}))

    @property
    def place(self) -> str:
        """Return the key of the configuration that names the data."""
        return self._whole.place

    def find_lost(self) -> list[tuple[str, str]]:
        """Return the pictures that can no longer be read, with reasons."""
        return self._whole.find_lost()

    def read_picture(self, picture: int) -> np.ndarray:
        """Return the pixels of a whole picture [height, width, 3], to which nobody may write."""
        return self._memory(picture)

    def read_truth(self, picture: int) -> dict[str, np.ndarray]:
        """Return what a whole picture has of its label, as arrays by name, see `DataSource.label_fields`."""
        with tf.device("CPU:0"):
            fields = self._whole.label_fields(tf.constant(picture, tf.int64))
        return {name: tensor.numpy() for name, tensor in fields.items()}

    @cached_property
    def _dtype(self) -> tf.DType:
        with tf.init_scope():
            indices = tf.data.Dataset.from_tensors(tf.constant(0, tf.int64))
            return indices.map(tf.autograph.experimental.do_not_convert(self._decode)).element_spec.dtype

    def _decode(self, picture: tf.Tensor) -> tf.Tensor:
        return read_pixels(self._whole, self._whole.read_input(picture))

    def _read_picture(self, picture: int) -> np.ndarray:
        # Operation by operation, in this thread: those of a graph would wait for threads that wait for this picture.
        with tf.device("CPU:0"):
            pixels: np.ndarray = self._decode(tf.constant(picture, tf.int64)).numpy()
        return pixels

    def _read_tile(self, tile: Any) -> np.ndarray:
        top, left, rows, columns = self.cuts.boxes[int(tile)]
        picture = self._memory(int(self.cuts.pictures[int(tile)]))
        return np.ascontiguousarray(picture[top : top + rows, left : left + columns])
