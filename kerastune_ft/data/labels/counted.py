"""Labels of which an example has any number of each class, as pixels or boxes: what follows from the numbers alone."""

from __future__ import annotations

import numpy as np

from kerastune_ft.data.labels.base import Labels, share_alike


class CountedLabels(Labels):
    """Labels whose `numbers`, int64 [N, classes], are how many pixels or boxes of each class each example has."""

    @property
    def strata(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """For each example, the classes that it has, uint8 [N, classes]; one stratum where all have the same."""
        if self.strata_are_classes:
            return self._presence, self.names
        return np.zeros(len(self.numbers), np.int32), ("",)

    @property
    def strata_are_classes(self) -> bool:
        """Whether examples differ in their classes, or lack one."""
        return bool((self._presence != self._presence[:1]).any()) or not self._presence[:1].all()

    @property
    def _presence(self) -> np.ndarray:
        return (self.numbers > 0).astype(np.uint8)

    def counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return by class how many of these examples have a pixel or box of it."""
        present = self.numbers[indices] > 0
        return dict(zip(self.names, present.sum(axis=0, dtype=np.int64).tolist(), strict=True))

    def balanced_weights(self, indices: np.ndarray) -> tuple[float, ...]:
        """Return by class all pixels or boxes of these examples by the classes that occur times those of the class."""
        return share_alike(self.numbers[indices].sum(axis=0).tolist())
