"""What loaders of rows of tokens that lie in memory share: every batch is looked up, and has one of a few shapes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.loader import Lookup
from kerastune_ft.input.order import Order


class RowLookup(ABC):
    """Looks up rows of tokens by the index of their example; a row has inputs and the tokens that are learnt."""

    @abstractmethod
    def pad(self, indices: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return inputs by name and targets of examples of one shape, [examples, length] each."""

    @property
    def parts(self) -> dict[str, Any]:
        """Return none: an example is a single input."""
        return {}

    @property
    def decoder(self) -> None:
        """Return None: texts are not decoded."""
        return None

    @property
    def in_memory(self) -> Lookup:
        """Return the loader itself, which looks up rows of tokens."""
        return self

    def look_up(self, augmentation: Augmentation) -> Lookup:
        """Return the loader itself: an augmentation leaves texts as they are."""
        return self

    def at(self, image_size: tuple[int, int]) -> Any:
        """Return the loader itself: texts have no image size."""
        return self

    def batches(
        self,
        order: Order,
        shares: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Lookup | None = None,
    ) -> tf.data.Dataset:
        """Raise AssertionError: rows of tokens lie in memory, see `in_memory`."""
        raise AssertionError("rows of tokens are looked up, not loaded")

    def inputs(
        self,
        indices: np.ndarray,
        rows: int,
        augmentation: Augmentation | None = None,
        version: int = 0,
        decoded: Lookup | None = None,
    ) -> Iterator[Any]:
        """Yield batches of `rows` rows of these examples, which must share a shape, in order."""
        for start in range(0, len(indices), rows):
            yield tf.nest.map_structure(tf.convert_to_tensor, self(indices[start : start + rows]))

    def __call__(self, indices: np.ndarray, view: int = 0) -> dict[str, np.ndarray]:
        """Return the model's inputs by name for examples that share a shape; `view` has no effect on texts."""
        return self.pad(indices)[0]

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return `labels` and `weights` [examples, length] of examples that share a shape."""
        return self.pad(indices)[1]
