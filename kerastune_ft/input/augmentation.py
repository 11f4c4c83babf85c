"""The settings of a phase's augmentation: the changes and mixing it makes, and the keys of their random draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.graph import randomness
from kerastune_ft.input.mixing import Mixing


@dataclass(frozen=True)
class Augmentation:
    """The augmentation of a phase: which changes it makes, and the addresses of their random draws."""

    operations: Mapping[str, Any]
    """The strength of each change, as `Augment.resolve()` returns them."""
    seed: int
    phase: int
    views: int | None = None
    """The number of fixed augmented versions of each example, one per epoch in turn; None for new draws every epoch."""
    mixing: Mixing | None = None
    """How each example is mixed with another one, after the changes of both; None for not at all."""

    def version(self, epoch: int) -> int:
        """Return the version of examples for an epoch: the number of a view, or the epoch itself without views."""
        return epoch if self.views is None else epoch % self.views

    def keys(self, epoch: int, indices: tf.Tensor, identities: tf.Tensor) -> tf.Tensor:
        """Return the keys of the draws for these examples in an epoch; `identities` are those of all examples by index.

        The keys of a view depend on the run's seed, the number of the view and the example's content alone, so a view
        is the same in every phase, epoch, order and split.
        """
        if self.views is None:
            return randomness.example_keys(f"{self.seed}/{self.phase}", epoch, indices)
        return randomness.example_keys(f"{self.seed}/views", self.version(epoch), tf.gather(identities, indices))

    def draw_partners(self, epoch: int, indices: np.ndarray, identities: np.ndarray) -> np.ndarray:
        """Return the index of the example that each of these is mixed with in an epoch, int64."""
        assert self.mixing is not None
        with tf.init_scope():
            keys = self.keys(epoch, tf.constant(indices, tf.int64), tf.constant(identities))
            partners: np.ndarray = self.mixing.partners.draw(keys).numpy()
        return partners
