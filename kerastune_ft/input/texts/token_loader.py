"""The data loader of texts: tokens are made once and kept in memory, and every batch has one padded length."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.data.texts.text_source import TextSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.loader import INPUT_VERSION, Lookup, TargetTask
from kerastune_ft.input.order import Order
from kerastune_ft.input.targets import Targets
from kerastune_ft.input.texts.lengths import assign_buckets
from kerastune_ft.input.texts.notes import describe_cut, describe_unknown
from kerastune_ft.input.texts.row_settings import Rows, pack_texts
from kerastune_ft.input.texts.tokenise import (
    Tokens,
    find_ends,
    has_vocabulary,
    hash_tokenizer,
    hash_tokenizer_parts,
    load_or_tokenise,
)
from kerastune_ft.input.texts.windows import MOST_WINDOWS
from kerastune_ft.wording import counted

_LEAST_TOKENS = 4


@dataclass(frozen=True)
class TokenLoader:
    """Looks up the rows of tokens of all examples of a source, for one task and backbone."""

    source: TextSource
    task: TargetTask
    rows: Rows
    limit: int
    """The most tokens of a row, or of a window."""
    sizes: tuple[int, ...]
    """The sizes that rows are padded to, ascending; an example gets the first that it fits into."""

    @property
    def parts(self) -> dict[str, Any]:
        """Return none: a text, or a pair of texts, is a single input."""
        return {}

    @property
    def decoder(self) -> None:
        """Return None: texts are not decoded."""
        return None

    @functools.cached_property
    def buckets(self) -> np.ndarray:
        """The number of the size that each example is padded to, by index in the source."""
        return assign_buckets(self.rows.sizes, self.sizes)

    @property
    def mean_length(self) -> float:
        """Return the mean number of tokens in a row, or of windows, padding included."""
        return float(np.asarray(self.sizes)[self.buckets].mean())

    @property
    def in_memory(self) -> Lookup:
        """Return the loader itself, which looks up rows of tokens."""
        return self

    @functools.cached_property
    def _targets(self) -> Targets:
        return Targets(self.source, self.task, None, None)

    def look_up(self, augmentation: Augmentation) -> Lookup:
        """Return the loader itself: an augmentation leaves texts as they are."""
        return self

    def at(self, image_size: tuple[int, int]) -> TokenLoader:
        """Return the loader itself: texts have no image size."""
        return self

    def length(self, bucket: int | None) -> int | None:
        """Return the tokens, or the windows, that the rows of a bucket are padded to."""
        return None if bucket is None else self.sizes[bucket]

    def tokens(self, bucket: int | None) -> int | None:
        """Return the tokens that the rows of a bucket are padded to, those of all windows together."""
        return None if bucket is None else self.sizes[bucket] * self.rows.tokens_per_size

    def input_spec(self, bucket: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the spec of one row of tokens of a bucket, by the name of the model's input."""
        return {name: tf.TensorSpec(self.rows.shape(self.length(bucket)), tf.int32) for name in self.rows.text.names}

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
        """Yield batches of `rows` rows of these examples, which must share a length, in order."""
        find = self if augmentation is None else self.look_up(augmentation)
        for start in range(0, len(indices), rows):
            yield tf.nest.map_structure(tf.convert_to_tensor, find(indices[start : start + rows], version))

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return the targets of these examples as arrays."""
        return self._targets(indices, augmentation, version)

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return as many indices, of the padded length nearest to the mean of all."""
        distances = np.abs(np.asarray(self.sizes) - self.mean_length)
        buckets = self.buckets[indices]
        return np.resize(indices[buckets == buckets[np.argmin(distances[buckets])]], len(indices))

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its row of tokens depends on."""
        text = self.rows.text
        return {
            "task": self.task.kind,
            "version": INPUT_VERSION,
            "length": self.length(bucket),
            "tokenizer": hash_tokenizer(text.tokenizer),
            "special": [text.start, text.separator, text.end, text.pad, text.names],
            **({} if text.window is None else {"window": text.window}),
        }

    def part_hashes(self) -> dict[str, str]:
        """Return the hashes of the tokenizer: of its class and options, and of its vocabulary."""
        return hash_tokenizer_parts(self.rows.text.tokenizer)

    def plan_entry(self) -> dict[str, Any]:
        """Return the entry `text` of plan.json."""
        return {"text": self.to_json(), "sound": None}

    def __call__(self, indices: np.ndarray, view: int = 0) -> dict[str, np.ndarray]:
        """Return the model's inputs by name for examples that share a length; `view` has no effect on texts."""
        return self.rows.pad(indices, self.sizes[self.buckets[indices[0]]])

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each example how many characters of its texts the model reads, and how many they have."""
        texts = [self.source.texts[index] for index in indices]
        kept = [self.rows.count_kept(index) for index in indices]
        cut = [int(self.rows.lost[index]) > 0 for index in indices]
        ends = find_ends(
            self.rows.text.tokenizer,
            [text for own, is_cut in zip(texts, cut, strict=True) if is_cut for text in own],
            [count for own, is_cut in zip(kept, cut, strict=True) if is_cut for count in own],
        )
        found = iter(ends)
        return [
            {"read": [next(found) if is_cut else len(text) for text in own], "of": [len(text) for text in own]}
            for own, is_cut in zip(texts, cut, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the rows of tokens in numbers and settings, as plan.json has them."""
        own, lost, text = self.rows.lengths, self.rows.lost, self.rows.text
        computed = np.asarray(self.sizes)[self.buckets] * self.rows.tokens_per_size
        return {
            "sequence_length": self.limit,
            "lengths": list(self.sizes) if text.window is None else [text.window],
            **self._describe_windows(),
            "rows": text.to_json(),
            "has_vocabulary": has_vocabulary(text.tokenizer),
            "texts": len(self.source.texts[0]),
            "examples": np.bincount(self.buckets, minlength=len(self.sizes)).tolist(),
            "mean_tokens": round(float(own.mean()), 1),
            "padding": round(1 - float(own.sum() / computed.sum()), 4),
            "truncated": {"examples": int((lost > 0).sum()), "tokens": int(lost.sum())},
        }

    def _describe_windows(self) -> dict[str, Any]:
        """Return the entry `windows` of plan.json, where texts are read in windows."""
        if self.rows.text.window is None:
            return {}
        sizes = self.rows.sizes
        return {
            "windows": {
                "numbers": list(self.sizes),
                "most": MOST_WINDOWS,
                "longer": int((sizes > 1).sum()),
                "total": int(sizes.sum()),
                "cost": round(float(np.asarray(self.sizes)[self.buckets].mean()), 2),
            }
        }

    def notes(self, show_names: bool = False) -> list[str]:
        """Return sentences on texts that are cut or read in windows, or that hold words unknown to the tokenizer."""
        return [*describe_cut(self.rows, self.limit, len(self.source.texts[0])), *describe_unknown(self.rows)]


def build_token_loader(
    source: TextSource,
    task: TargetTask,
    text: TextInput,
    asked: int | None,
    cache_directory: Path,
    report: Callable[[str], None],
    sizes: Sequence[int] | None = None,
) -> TokenLoader:
    """Tokenise a source and return its loader.

    `asked` is data.sequence_length; `sizes` are those of an earlier run whose model is used on other data, see
    `row_settings.read_sizes`. Raises ConfigError for a length that the model has no positions for, or that leaves no
    room for tokens.
    """
    limit = sizes[-1] if sizes else choose_limit(text, asked, len(source.texts[0]))
    limit = text.window or limit
    rows = pack_texts(text, _tokenise_source(source, text, cache_directory, report), limit)
    chosen = sizes or rows.choose_sizes(source.splits["train"], limit)
    return TokenLoader(source, task, rows, limit, tuple(chosen))


def _tokenise_source(
    source: TextSource, text: TextInput, cache_directory: Path, report: Callable[[str], None]
) -> list[Tokens]:
    parts = list(zip(*source.texts, strict=True))
    work = f"writing the tokens of {counted(len(source.texts), 'text' if len(parts) == 1 else 'pair')}"
    said: set[str] = set()

    def report_once(sentence: str) -> None:
        # The texts of pairs are kept by column, and told of together.
        if sentence not in said:
            said.add(sentence)
            report(sentence)

    return [load_or_tokenise(text.tokenizer, part, cache_directory, report_once, work) for part in parts]


def choose_limit(text: TextInput, asked: int | None, parts: int) -> int:
    """Return the most tokens of a row; `asked` is data.sequence_length, `parts` the texts of an example.

    Raises ConfigError for a length that the model has no positions for, or that leaves no room for tokens.
    """
    limit = asked or text.default_length
    if asked is not None and text.maximum_length is not None and asked > text.maximum_length:
        raise ConfigError(
            f"data.sequence_length: {asked} is more than the {text.maximum_length} positions the backbone has; write "
            f"at most {text.maximum_length}"
        )
    least = text.special(parts) + _LEAST_TOKENS
    if limit < least:
        raise ConfigError(
            f"data.sequence_length: {limit} leaves no room for text beside {text.special(parts)} special tokens; write "
            f"at least {least}"
        )
    return limit
