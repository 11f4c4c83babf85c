"""The masks of tiles: each is cut out of the mask of its picture, which is read once for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kerastune_ft.data.labels.counted import CountedLabels
from kerastune_ft.tiles.grid import Cuts
from kerastune_ft.tiles.memory import PictureMemory

if TYPE_CHECKING:
    import tensorflow as tf

_VALUES = 256


class PictureMasks(Protocol):
    """The masks of pictures."""

    names: tuple[str, ...]

    @property
    def texts(self) -> list[str]:
        """For each picture, the path of its mask."""

    def read(self, index: int) -> np.ndarray:
        """Return the class numbers of a picture's mask, uint8 [height, width]."""

    def content(self, index: int) -> str:
        """Return what the mask of a picture follows from."""

    def find_changed(self, indices: Iterable[int]) -> list[int]:
        """Return those pictures whose mask has changed."""


class TiledMasks(CountedLabels):
    """A class for every pixel of tiles: `numbers` is int64 [tiles, classes], the pixels of each class in each tile.

    They are counted, by a look at all masks, when they are first asked for.
    """

    kind = "mask"

    def __init__(self, masks: PictureMasks, cuts: Cuts) -> None:
        """`masks` are those of the pictures, which are cut as `cuts` says."""
        self.names, self._masks, self._cuts = masks.names, masks, cuts
        self._memory = PictureMemory(masks.read)

    @cached_property
    def numbers(self) -> np.ndarray:  # type: ignore[override]
        """Count the pixels of each class in each tile."""
        counted = np.zeros((len(self._cuts.boxes), len(self.names)), np.int64)
        # A picture after the other, so that each mask is read once.
        for tile in range(len(counted)):
            counted[tile] = np.bincount(self._read_tile(tile).ravel(), minlength=_VALUES)[: len(self.names)]
        return counted

    def are_empty(self, indices: np.ndarray) -> np.ndarray:
        """Return for each of these tiles whether no pixel has another class than the first, the background."""
        pixels = (self._read_tile(index) for index in indices.tolist())
        return np.array([not ((each > 0) & (each < len(self.names))).any() for each in pixels], bool)

    @property
    def texts(self) -> list[str]:
        """For each tile, the path of its picture's mask."""
        own = self._masks.texts
        return [own[picture] for picture in self._cuts.pictures.tolist()]

    def content(self, index: int) -> str:
        """Return what the mask of a tile follows from."""
        return f"{self._masks.content(int(self._cuts.pictures[index]))} {self._cuts.boxes[index].tolist()}"

    def fields(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return `mask`: class numbers of a tile, uint8 [height, width], 255 where a pixel belongs to no class."""
        import tensorflow as tf

        mask = tf.numpy_function(self._read_tile, [index], tf.uint8, stateful=False)
        return {"mask": tf.ensure_shape(mask, [None, None])}

    def find_changed(self, indices: Iterable[int]) -> list[int]:
        """Return those tiles whose picture's mask has changed since it was checked."""
        own = {index: int(self._cuts.pictures[index]) for index in indices}
        changed = set(self._masks.find_changed(sorted(set(own.values()))))
        return [index for index, picture in own.items() if picture in changed]

    def _read_tile(self, index: Any) -> np.ndarray:
        top, left, rows, columns = self._cuts.boxes[int(index)]
        mask = self._memory(int(self._cuts.pictures[int(index)]))
        return np.ascontiguousarray(mask[top : top + rows, left : left + columns])
