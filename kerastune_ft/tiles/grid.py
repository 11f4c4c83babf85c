"""Where the overlapping tiles of a picture lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Grid:
    """The size of tiles and how far they overlap."""

    size: int
    """The pixels of a side of a tile, in the picture's own pixels."""
    overlap: float
    """The share of a side that two neighbours have in common, 0 to below 1."""

    @property
    def common(self) -> int:
        """Return the pixels that two neighbours have in common."""
        return min(round(self.size * self.overlap), self.size - 1)

    def find_starts(self, length: int) -> list[int]:
        """Return where the tiles of a side of so many pixels begin; the last one ends where the side does."""
        step = self.size - self.common
        count = 1 + max(0, math.ceil((length - self.size) / step))
        return [*range(0, (count - 1) * step, step), max(length - self.size, 0)]

    def cut(self, height: int, width: int) -> np.ndarray:
        """Return the tiles of a picture row by row, int32 [tiles, 4]: top, left, height and width of each.

        A side of the picture that is not longer than a tile is as long as the tile.
        """
        rows, columns = min(self.size, height), min(self.size, width)
        places = [(top, left, rows, columns) for top in self.find_starts(height) for left in self.find_starts(width)]
        return np.array(places, np.int32)


def make_grid(options: Any) -> Grid | None:
    """Return the grid of `data.tiles`; None where there are none."""
    return None if options is None else Grid(options.size, options.overlap)


@dataclass(frozen=True)
class Cuts:
    """The tiles of all pictures of a data set, picture after picture."""

    grid: Grid
    sizes: np.ndarray
    """Height and width of each picture, int32 [pictures, 2]."""

    @cached_property
    def _parts(self) -> list[np.ndarray]:
        return [self.grid.cut(height, width) for height, width in self.sizes.tolist()]

    @cached_property
    def boxes(self) -> np.ndarray:
        """Top, left, height and width of each tile, int32 [tiles, 4]."""
        return np.concatenate(self._parts)

    @cached_property
    def ends(self) -> np.ndarray:
        """The number of the first tile of each picture, and behind the last the number of all, int64 [pictures + 1]."""
        return np.cumsum([0, *map(len, self._parts)])

    @cached_property
    def pictures(self) -> np.ndarray:
        """The picture of each tile, int64 [tiles]."""
        return np.repeat(np.arange(len(self.sizes)), np.diff(self.ends))

    def find_tiles(self, pictures: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the numbers of all tiles of these pictures, in order, int64."""
        parts = [np.arange(self.ends[index], self.ends[index + 1]) for index in pictures]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def is_whole(self, tile: int) -> bool:
        """Return whether a tile is all of its picture."""
        picture = self.pictures[tile]
        return bool(self.ends[picture + 1] - self.ends[picture] == 1)


@dataclass(frozen=True)
class TiledPicture:
    """A picture whose tiles were brought to the model's size."""

    height: int
    """Pixels of the picture itself."""
    width: int
    boxes: np.ndarray
    """Top, left, height and width of each tile, int32 [tiles, 4], see `Grid.cut`."""
    shared: int
    """The pixels that neighbours have in common."""
    geometry: Any
    """The `input.decode.Geometry` that tiles were fitted to."""
