"""The contract of labels: one class per kind of label, which knows all that depends on the kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.tiles.grid import Cuts

if TYPE_CHECKING:
    import tensorflow as tf


class Labels(ABC):
    """The labels of all examples as numbers."""

    kind: ClassVar[LabelKind]
    contradiction: ClassVar[str] = "there with two labels, so one is wrong"
    """The words for identical inputs with different labels."""
    contradiction_of_texts: ClassVar[str] = "there with different labels, so at most one of these is right"
    """The same where inputs are texts."""
    has_classes: ClassVar[bool] = True
    """Whether labels are classes to be learnt, and not values."""
    requires_training: ClassVar[bool] = True
    """Whether a class without a training example is an error, and not only said."""
    without_class: ClassVar[str] = "its AUC is undefined"
    """The words for the metrics of a split that has no example of a class."""
    beside_turned: ClassVar[str] = ""
    """What to say of the labels of photos that are turned as EXIF says."""

    def __init__(self, names: tuple[str, ...], numbers: np.ndarray) -> None:
        """`names` are the classes or targets, `numbers` an array whose first axis is the examples."""
        self.names, self.numbers = names, numbers

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; none where labels are values."""
        return self.names if self.has_classes else ()

    @property
    def most(self) -> int:
        """The most boxes of one example, rounded up; 0 where labels are no boxes."""
        return 0

    @property
    @abstractmethod
    def texts(self) -> list[str]:
        """For each example, its label as one text, for fingerprints."""

    @property
    def row_texts(self) -> list[str]:
        """For each example, its label as splits.csv has it: by default its text."""
        return self.texts

    @property
    def strata(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """The strata that splits should share alike: int32 [N] or uint8 [N, S], and their names."""
        return self.numbers, self.names

    @property
    def strata_are_classes(self) -> bool:
        """Whether each of the strata is a class, of which training needs an example."""
        return self.has_classes

    def join_contents(self, contents: Sequence[str]) -> Sequence[str]:
        """Return what each example's content follows from, given that of its input: by default the input alone."""
        return contents

    def content(self, index: int) -> str:
        """Return what the label of an example follows from."""
        return self.texts[index]

    @abstractmethod
    def counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return by class how many of these examples have it; nothing where labels are values."""

    def statistics(self, indices: np.ndarray) -> dict[str, dict[str, float]]:
        """Return by target the mean, deviation, smallest and largest value; nothing where labels are classes."""
        return {}

    def find_notes(self, splits: Mapping[str, np.ndarray]) -> list[str]:
        """Return sentences for the plan on what the counts do not say; none by default."""
        return []

    def balanced_weights(self, indices: np.ndarray) -> tuple[float, ...]:
        """Return the weight of each class in a loss that makes up for unequal classes among these examples.

        It follows scikit-learn: examples / (classes x examples of the class), over the classes that occur; one of a
        class that does not would multiply nothing, and is 1. Nothing where labels are values.
        """
        return share_alike(list(self.counts(indices).values()))

    def scheme(self, train: np.ndarray) -> LabelScheme:
        """Return what the labels mean; `train` are the training examples."""
        return LabelScheme(self.kind, self.names)

    def fields(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return what an element has of its label beside the input: nothing where `numbers` say it all.

        A graph function, given the index of an example.
        """
        return {}

    def are_empty(self, indices: np.ndarray) -> np.ndarray:
        """Return for each of these examples whether nothing in it is to be found, bool; by default there is in all."""
        return np.zeros(len(indices), bool)

    def cut(self, cuts: Cuts) -> Labels:
        """Return the labels of the tiles of all examples, which are pictures; only where a part has labels of its own.

        Raises TypeError where labels are of whole examples.
        """
        raise TypeError(f"labels of kind {self.kind} are of whole examples")

    def find_changed(self, indices: Iterable[int]) -> list[int]:
        """Return those examples whose label lies in a file of its own that has changed since it was checked."""
        return []

    def find_lost(self) -> list[tuple[int, str]]:
        """Return the examples whose label lies in a file that can no longer be read, each with the reason."""
        return []


def share_alike(counts: Sequence[int]) -> tuple[float, ...]:
    """Return the weight of every class by which all that occur weigh alike, and everything as much as without; else 1.

    `counts` are examples, or pixels, by class.
    """
    whole, occurring = sum(counts), sum(count > 0 for count in counts)
    return tuple(whole / (occurring * count) if count else 1.0 for count in counts)
