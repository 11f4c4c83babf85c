"""The data loader: from example indices to batches of static shapes, a pure function of (configuration, epoch, step).

There is one per modality (`image_loader`, `sound_loader`, `token_loader`), all with the same interface; `build` makes
the one that a backbone takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.order import Order

# Counted up when inputs are decoded, fitted or augmented otherwise, so that an older store is not taken for one of now.
INPUT_VERSION = 1

Lookup = Callable[..., Any]
"""Called with indices, and a view, it gives what a model takes of these examples: an array, or several."""


class TargetTask(Protocol):
    """What a loader asks of a task: the targets of examples, and how they follow an augmentation."""

    @property
    def kind(self) -> str:
        """Return the kind of the task."""

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> Any:
        """Return the fixed-shape target of one example from what the source says of it; a graph function."""

    def transform(self, targets: Any, changes: Any) -> Any:
        """Return a batch of targets after the changes that its inputs went through; a graph function."""


class Loader(Protocol):
    """Gives inputs and targets of the examples of a source, in one or several static shapes."""

    @property
    def source(self) -> DataSource:
        """Return where the examples come from."""

    @property
    def buckets(self) -> np.ndarray | None:
        """Return by example the number of the shape that its input has; None where all have one shape."""

    @property
    def in_memory(self) -> Lookup | None:
        """Return the inputs of all examples where they lie in memory, ready to use; None where they are loaded."""

    @property
    def mean_length(self) -> float:
        """Return the tokens of a row in the mean, padding included; 1 where rows have no length."""

    def at(self, image_size: tuple[int, int]) -> Loader:
        """Return the loader that gives images of another height and width; itself where examples are no images."""

    def length(self, bucket: int | None) -> int | None:
        """Return the tokens that the rows of a bucket are padded to; None where rows have no length."""

    def input_spec(self, bucket: int | None = None) -> Any:
        """Return shape and type of one example's input as it is loaded, before augmentation."""

    def batches(
        self,
        order: Order,
        shares: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Lookup | None = None,
    ) -> tf.data.Dataset:
        """Return batches (inputs, targets, weights, indices); `shares` consecutive ones make a global batch.

        `decoded` gives inputs as they are before augmentation, where they are stored.
        """

    def inputs(
        self,
        indices: np.ndarray,
        rows: int,
        augmentation: Augmentation | None = None,
        version: int = 0,
        decoded: Lookup | None = None,
    ) -> Iterable[Any]:
        """Return batches of so many inputs of these examples, which share a shape, in their order."""

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return the targets of these examples as arrays, changed as their inputs are in that version.

        The same as `batches` gives; no input is decoded for them.
        """

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return as many of these examples as there are, of one shape, that stand for the mean of all."""

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return what inputs depend on besides an example: their part of the key of a feature store."""

    def plan_entry(self) -> dict[str, Any]:
        """Return what plan.json says of inputs: `text` and `sound`, None where they are none."""

    def notes(self, show_names: bool) -> list[str]:
        """Return sentences for the plan on what examples lose on their way; names of files only where asked for."""


def row_id(content: str, view: int | None) -> bytes:
    """Return the id of an example's row in a store; `content` identifies the example, `view` its version if it has one.

    A store of a plain cut has no views.
    """
    own = bytes.fromhex(content)
    return own if view is None else hashlib.sha256(own + view.to_bytes(4, "little")).digest()
