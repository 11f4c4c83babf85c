"""Which random changes training examples get, and what their draws follow from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from kerastune_ft.graph import randomness


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training examples: which ones, and what their draws follow from."""

    operations: Mapping[str, Any]
    """What `Augment.resolve()` returns."""
    seed: int
    phase: int
    views: int | None = None
    """How many fixed versions of each example take turns by epoch; None where every epoch draws afresh."""

    def version(self, epoch: int) -> int:
        """Return the version of the examples that an epoch reads: its own, or the number of a view."""
        return epoch if self.views is None else epoch % self.views

    def keys(self, epoch: int, indices: tf.Tensor, identities: tf.Tensor) -> tf.Tensor:
        """Return the keys of the draws for these examples in an epoch; `identities` are those of all, by index.

        Those of a view follow from the run's seed, its number and the example's content alone, so that neither phase,
        epoch, order nor split changes what it shows.
        """
        if self.views is None:
            return randomness.example_keys(f"{self.seed}/{self.phase}", epoch, indices)
        return randomness.example_keys(f"{self.seed}/views", self.version(epoch), tf.gather(identities, indices))
