"""The contract of a data loader: from example indices to batches of static shapes.

What a loader gives depends on the configuration, the epoch and the indices alone, never on what it gave before, so an
interrupted epoch goes on with the same batches. There is one loader per modality (`image_loader`, `sound_loader`,
`texts.token_loader`); `build` makes the one for a backbone's input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.graph.lengths import Length
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.order import Order

# Raised by one when inputs are decoded, fitted or augmented differently, so that older feature stores are not used.
INPUT_VERSION = 1

Lookup = Callable[..., Any]
"""Called as `lookup(indices, view)`, it returns stored inputs or features of these examples: an array [examples, ...],
or a nest of them. Without `view` it returns view 0."""


class TargetTask(Protocol):
    """The part of a task that loaders need: the targets of examples, and how they follow an augmentation."""

    @property
    def kind(self) -> str:
        """Return the kind of the task, as in the configuration."""

    @property
    def fill(self) -> float | None:
        """Return the value of pixels beyond images that are moved; None where these are mirrored there."""

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Any = None) -> Any:
        """Return the target of one example, see `Task.target`."""

    def transform(self, targets: Any, changes: Any) -> Any:
        """Return a batch of targets after the changes of its inputs, see `Task.transform`."""

    def mix(self, targets: Any, others: Any, mix: Any) -> Any:
        """Return the targets of examples that are mixed with others, see `Task.mix`."""


class Loader(Protocol):
    """Gives inputs and targets of the examples of one source, for one task and one shape or a few.

    Examples are known by their index in the source, int64. An input is a tensor, or a dict of tensors by name; a target
    is what the task makes of the example's label. Where examples have several shapes (texts of several lengths),
    each shape is a bucket with a number, and a batch holds examples of one bucket.
    """

    @property
    def source(self) -> DataSource:
        """Return the source of the examples."""

    @property
    def parts(self) -> Mapping[str, Loader]:
        """Return the loaders of the parts of examples with several inputs, by name; nothing for a single input."""

    @property
    def buckets(self) -> np.ndarray | None:
        """Return the number of each example's bucket, [examples of the source]; None where all have one shape."""

    @property
    def in_memory(self) -> Lookup | None:
        """Return a lookup of the inputs of all examples where they are in memory; None where they are loaded.

        Where there is one, the engine uses it instead of `batches`.
        """

    def look_up(self, augmentation: Augmentation) -> Lookup | None:
        """Return what `in_memory` is, of inputs as an augmentation changes them; called with an epoch or view."""

    @property
    def decoder(self) -> str | None:
        """Return what decodes the files of examples, for the manifest; None where that is no choice."""

    @property
    def mean_length(self) -> Length:
        """Return the mean number of tokens in a row, or of windows where texts are read in these, padding included.

        Where a text is written for another it is that of each. It is 1 where examples are not sequences.
        """

    def at(self, image_size: tuple[int, int]) -> Loader:
        """Return a loader of the same examples at another (height, width); itself where examples are no images."""

    def length(self, bucket: int | None) -> Length | None:
        """Return the number of tokens, or of windows, that rows of a bucket are padded to: the size of open axes.

        Where a text is written for another they are two. It is None where examples are not sequences.
        """

    def tokens(self, bucket: int | None) -> int | None:
        """Return the number of tokens that rows of a bucket are padded to, of both texts where one is written for the
        other; None where examples are not sequences.
        """

    def input_spec(self, bucket: int | None = None) -> Any:
        """Return the `tf.TensorSpec` of one example's input before augmentation, or a dict of them by name."""

    def batches(
        self,
        order: Order,
        shares: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Lookup | None = None,
    ) -> tf.data.Dataset:
        """Return a dataset of batches (inputs, targets, weights, indices) in the order given.

        Each batch of the order comes as `shares` consecutive batches of equal size. `weights` [batch] is 0 for padding,
        else 1. With an `augmentation` inputs and targets are changed as it draws for `epoch`. `decoded` looks up inputs
        before augmentation where these are stored, so that no file is decoded.
        """

    def inputs(
        self,
        indices: np.ndarray,
        rows: int,
        augmentation: Augmentation | None = None,
        version: int = 0,
        decoded: Lookup | None = None,
    ) -> Iterable[Any]:
        """Return batches of `rows` inputs of these examples, in order; an incomplete last batch may be left out.

        All examples must be of one bucket. `version` is the epoch or view that the augmentation draws for; `decoded` is
        as in `batches`.
        """

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return the targets of these examples as arrays [examples, ...], equal to those in `batches`.

        With an `augmentation` they are changed as the inputs are in that `version`. No input is decoded.
        """

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return as many indices, of one bucket, whose cost is near the mean of all; for timing."""

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its input depends on, as JSON values.

        It is part of the key of a feature store: inputs that differ must differ here.
        """

    def part_hashes(self) -> dict[str, str]:
        """Return a SHA-256 of each thing with a content of its own that makes inputs of examples, as a tokenizer."""

    def plan_entry(self) -> dict[str, Any]:
        """Return the entries `text` and `sound` of plan.json; each is None where examples are of another modality."""

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each of these examples what became of it on its way to the model, as JSON values.

        Images have the `size` [height, width] the model takes, that of the image itself (`of`), `resize`, and the share
        of its area that was `cut` off; sounds their `seconds` and `sample_rate` in the model, and the seconds that they
        have (`of`); texts, for each of their parts, the number of characters that were `read` and that there are
        (`of`).
        """

    def notes(self, show_names: bool) -> list[str]:
        """Return sentences for the plan on what examples lose when they are brought to the model's shape.

        Names of files are in them only with `show_names`.
        """


def row_id(content: str, view: int | None) -> bytes:
    """Return the 32-byte id of an example's row in a feature store.

    `content` is the SHA-256 of the example's content in hexadecimal; `view` is the number of its augmented view, None
    in stores without augmentation.
    """
    own = bytes.fromhex(content)
    return own if view is None else hashlib.sha256(own + view.to_bytes(4, "little")).digest()
