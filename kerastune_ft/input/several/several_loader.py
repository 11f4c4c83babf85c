"""The data loader of several inputs: those of its parts by name, of the same examples in the same order."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.several import COLUMNS, SeveralInput
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.data.several.source import SeveralSource, name_notes
from kerastune_ft.graph.lengths import Length
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.loader import Loader, Lookup, TargetTask
from kerastune_ft.input.order import Order
from kerastune_ft.input.targets import Targets


@dataclass(frozen=True)
class ColumnRows:
    """The numbers and words of all examples as vectors, looked up by example."""

    rows: np.ndarray
    """float32 [examples of the source, width]."""

    @property
    def row_bytes(self) -> int:
        """Return the bytes of a row."""
        return int(self.rows[:1].nbytes)

    def __call__(self, indices: np.ndarray, view: int = 0) -> np.ndarray:
        """Return the vectors of these examples; `view` has no effect on them."""
        return self.rows[indices]


class SeveralLoader:
    """Loads the examples of a source with several inputs, by the loaders of its parts.

    Phases take features of each part for themselves; the loader as a whole gives targets, and inputs where a whole
    model is called.
    """

    def __init__(
        self, source: SeveralSource, task: TargetTask, given: SeveralInput, parts: Mapping[str, Loader]
    ) -> None:
        """`parts` load the pictures and the text of `source` by the name of the part."""
        self.source, self.task, self.given, self.parts = source, task, given, parts
        self.encoding = ColumnEncoding.from_json(given.columns) if given.columns else None
        self.columns = None if self.encoding is None else ColumnRows(self.encoding.encode(source.cells))
        self._targets = Targets(source, task, None, None)

    def with_columns(self, encoding: ColumnEncoding) -> SeveralLoader:
        """Return a loader of the same examples whose numbers and words are encoded otherwise."""
        return SeveralLoader(self.source, self.task, replace(self.given, columns=encoding.to_json()), self.parts)

    @property
    def _lengths(self) -> Loader | None:
        """The loader of the part whose examples have several lengths, if there is one."""
        return next((part for part in self.parts.values() if part.buckets is not None), None)

    @property
    def buckets(self) -> np.ndarray | None:
        """Return the number of the padded length of each example's text; None without a text."""
        return None if self._lengths is None else self._lengths.buckets

    @property
    def in_memory(self) -> Lookup | None:
        """Return a lookup of all inputs by name where no file is read for them; None elsewhere."""
        is_held = all(part.in_memory is not None for part in self.parts.values())
        return self._look_up if is_held else None

    def look_up(self, augmentation: Augmentation) -> Lookup | None:
        """Return the same: an augmentation changes pictures alone, which are read from files."""
        return self.in_memory

    def _look_up(self, indices: np.ndarray, view: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in self.parts.items():
            assert part.in_memory is not None
            found |= self._name(name, part.in_memory(indices, view))
        return found | self._column_inputs(indices)

    def _name(self, part: str, inputs: Any) -> dict[str, Any]:
        """Return the inputs of a part by the names that the model has for them."""
        if isinstance(inputs, Mapping):
            return dict(inputs)
        (name,) = self.given.names[part]
        return {name: inputs}

    def _column_inputs(self, indices: np.ndarray) -> dict[str, Any]:
        return {} if self.columns is None else {COLUMNS: self.columns(indices)}

    @property
    def decoder(self) -> str | None:
        """Return what decodes the files of pictures."""
        return next((part.decoder for part in self.parts.values() if part.decoder is not None), None)

    @property
    def mean_length(self) -> Length:
        """Return the mean number of tokens of a text, padding included; 1 without texts."""
        return 1.0 if self._lengths is None else self._lengths.mean_length

    def at(self, image_size: tuple[int, int]) -> SeveralLoader:
        """Return the loader itself: with several inputs all phases have one size."""
        return self

    def length(self, bucket: int | None) -> Length | None:
        """Return the tokens that texts of a bucket are padded to."""
        return None if self._lengths is None else self._lengths.length(bucket)

    def tokens(self, bucket: int | None) -> int | None:
        """Return the tokens that texts of a bucket are padded to."""
        return None if self._lengths is None else self._lengths.tokens(bucket)

    def input_spec(self, bucket: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the spec of one example's inputs by name."""
        found: dict[str, tf.TensorSpec] = {}
        for name, part in self.parts.items():
            found |= self._name(name, part.input_spec(bucket))
        if self.encoding is not None:
            found[COLUMNS] = tf.TensorSpec([self.encoding.width], tf.float32)
        return found

    def batches(
        self,
        order: Order,
        shares: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Lookup | None = None,
    ) -> tf.data.Dataset:
        """Raise AssertionError: the batches of each part are loaded by themselves."""
        raise AssertionError("the inputs of each part are loaded by its own loader")

    def inputs(
        self,
        indices: np.ndarray,
        rows: int,
        augmentation: Augmentation | None = None,
        version: int = 0,
        decoded: Lookup | None = None,
    ) -> Iterator[Any]:
        """Yield batches of `rows` inputs of these examples by name, in order."""
        parts = [part.inputs(indices, rows, augmentation, version) for part in self.parts.values()]
        for number, found in enumerate(zip(*parts, strict=False)):
            batch: dict[str, Any] = {}
            for name, inputs in zip(self.parts, found, strict=True):
                batch |= self._name(name, inputs)
            own = self._column_inputs(indices[number * rows : (number + 1) * rows])
            yield batch | {name: tf.constant(values) for name, values in own.items()}

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return the targets of these examples as arrays."""
        return self._targets(indices, augmentation, version)

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return as many indices, whose texts are of the padded length nearest to the mean of all."""
        return indices if self._lengths is None else self._lengths.pick_typical(indices)

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return by part everything besides the example that its input depends on."""
        found: dict[str, Any] = {name: part.key_parts(bucket) for name, part in self.parts.items()}
        return found | ({} if self.encoding is None else {COLUMNS: self.encoding.to_json()})

    def part_hashes(self) -> dict[str, str]:
        """Return the hashes of the tokenizer, where there is a text."""
        return {name: digest for part in self.parts.values() for name, digest in part.part_hashes().items()}

    def plan_entry(self) -> dict[str, Any]:
        """Return the entries `text`, `sound` and `inputs` of plan.json."""
        entries = [part.plan_entry() for part in self.parts.values()]
        text = next((entry["text"] for entry in entries if entry["text"] is not None), None)
        return {"text": text, "sound": None, "inputs": self.given.to_json()}

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each of these examples what became of its parts, by the name of the part."""
        described = {name: part.describe_inputs(indices) for name, part in self.parts.items()}
        return [{name: own[place] for name, own in described.items()} for place in range(len(indices))]

    @functools.cached_property
    def _column_notes(self) -> list[str]:
        if self.encoding is None:
            return []
        return self.encoding.describe(self.source.cells, self.source.splits["train"])

    def notes(self, show_names: bool) -> list[str]:
        """Return sentences on what pictures and texts lose, and on what is missing in columns."""
        return [*name_notes({name: part.notes(show_names) for name, part in self.parts.items()}), *self._column_notes]
