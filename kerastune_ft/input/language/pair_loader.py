"""The data loader of pairs of texts, for encoder-decoder models: rows are made once and kept in memory."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.language.pair_input import PairInput
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.lengths import DECODER, PairLength
from kerastune_ft.input.language.pair_rows import PairRows, PairSettings
from kerastune_ft.input.language.pair_shapes import Shape, assign_shapes, choose_shapes
from kerastune_ft.input.language.row_lookup import RowLookup
from kerastune_ft.input.loader import INPUT_VERSION, TargetTask
from kerastune_ft.input.texts.lengths import round_up
from kerastune_ft.input.texts.token_loader import choose_limit
from kerastune_ft.input.texts.tokenise import has_vocabulary, hash_tokenizer, hash_tokenizer_parts
from kerastune_ft.wording import counted

_LEAST_TARGET = 2


@dataclass(frozen=True)
class PairLoader(RowLookup):
    """Looks up the rows of tokens of all pairs of texts of a source."""

    source: DialogueSource
    task: TargetTask
    settings: PairSettings
    rows: PairRows

    @functools.cached_property
    def buckets(self) -> np.ndarray:
        """The number of the shape that each example is padded to, by index in the source."""
        return assign_shapes(self.rows.source_lengths, self.rows.target_lengths, self.settings.shapes)

    @property
    def mean_length(self) -> PairLength:
        """Return the mean positions of both rows, padding included."""
        source, target = np.asarray(self.settings.shapes)[self.buckets].mean(0)
        return PairLength(float(source), float(target))

    def length(self, bucket: int | None) -> PairLength | None:
        """Return the positions that both rows of a bucket are padded to."""
        return None if bucket is None else PairLength(*self.settings.shapes[bucket])

    def tokens(self, bucket: int | None) -> int | None:
        """Return the positions of both rows of a bucket together."""
        return None if bucket is None else sum(self.settings.shapes[bucket])

    def input_spec(self, bucket: int | None = None) -> dict[str, tf.TensorSpec]:
        """Return the spec of one pair of rows of a bucket, by the name of the model's input."""
        source, target = (None, None) if bucket is None else self.settings.shapes[bucket]
        return {
            name: tf.TensorSpec([target if name.startswith(DECODER) else source], tf.int32)
            for name in self.settings.given.names
        }

    def pad(self, indices: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return inputs by name and targets of examples of one shape, [examples, length] each."""
        shape = self.settings.shapes[self.buckets[indices].max(initial=0)]
        return self.rows.pad(indices, shape, self.settings.given.pad)

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return as many indices, of the shape whose size is nearest to the mean of all."""
        distances = np.abs(np.asarray(self.settings.shapes).sum(1) - sum(self.mean_length))
        buckets = self.buckets[indices]
        return np.resize(indices[buckets == buckets[np.argmin(distances[buckets])]], len(indices))

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its rows of tokens depend on."""
        own = self.settings.given
        return {
            "task": self.task.kind,
            "version": INPUT_VERSION,
            "length": None if bucket is None else list(self.settings.shapes[bucket]),
            "limit": list(self.settings.limits),
            "tokenizer": hash_tokenizer(own.tokenizer),
            "special": [own.start, own.end, own.decoder_start, own.decoder_end, own.pad, own.names],
        }

    def part_hashes(self) -> dict[str, str]:
        """Return the hashes of the tokenizer: of its class and options, and of its vocabulary."""
        return hash_tokenizer_parts(self.settings.given.tokenizer)

    def plan_entry(self) -> dict[str, Any]:
        """Return the entry `pair` of plan.json."""
        return {"text": None, "sound": None, "pair": self.to_json()}

    def to_json(self) -> dict[str, Any]:
        """Return the rows of tokens in numbers and settings, as plan.json has them."""
        sources, targets, shapes = self.rows.source_lengths, self.rows.target_lengths, self.settings.shapes
        computed = np.asarray(shapes)[self.buckets].sum()
        return {
            "sequence_length": self.settings.limits[0],
            "target_length": self.settings.limits[1],
            "shapes": [list(shape) for shape in shapes],
            "rows": self.settings.given.to_json(),
            "has_vocabulary": has_vocabulary(self.settings.given.tokenizer),
            "examples": np.bincount(self.buckets, minlength=len(shapes)).tolist(),
            "mean_tokens": [round(float(lengths.mean()), 1) for lengths in (sources, targets)],
            "padding": round(1 - float((sources.sum() + targets.sum()) / computed), 4),
            "learnt": {"tokens": int(self.rows.targets.learnt.sum())},
            "truncated": {
                "examples": int((self.rows.sources.lost > 0).sum()),
                "tokens": int(self.rows.sources.lost.sum()),
                "answers": int((self.rows.targets.lost > 0).sum()),
            },
        }

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each example how many tokens of its text the model reads, and how many there are."""
        sizes, lost = self.rows.source_lengths, self.rows.sources.lost
        return [{"tokens": int(sizes[index]), "of": int(sizes[index] + lost[index])} for index in indices]

    def notes(self, show_names: bool = False) -> list[str]:
        """Return sentences on texts that are cut."""
        read, written = self.rows.sources.lost, self.rows.targets.lost
        found = []
        if cut := int((read > 0).sum()):
            found.append(
                f"{cut:,} of {counted(len(read), 'text')} {'is' if cut == 1 else 'are'} cut to "
                f"{self.settings.limits[0]} tokens: their ends, {int(read.sum()):,} tokens, are lost "
                "(data.sequence_length)"
            )
        if cut := int((written > 0).sum()):
            found.append(
                f"{cut:,} of {counted(len(written), 'text')} to be written {'is' if cut == 1 else 'are'} cut to "
                f"{self.settings.limits[1]} tokens: their ends, {int(written.sum()):,} tokens, are lost "
                "(data.target_length)"
            )
        return found


def build_pair_loader(
    source: DialogueSource,
    task: Any,
    given: PairInput,
    asked: tuple[int | None, int | None],
    shapes: Sequence[Shape] | None = None,
) -> PairLoader:
    """Tokenise the pairs of texts of a source and return its loader.

    `asked` are data.sequence_length and data.target_length; `shapes` are those of an earlier run whose model is used on
    other data. Raises ConfigError for a length that the model has no positions for.
    """
    limits = shapes[-1] if shapes else (choose_limit(given, asked[0], 1), _choose_target_limit(given, asked[1]))
    settings = PairSettings(given, limits, ())
    rows = settings.pack([source.read_dialogue(index) for index in range(len(source.keys))])
    if shapes is None:
        lengths = rows.source_lengths, rows.target_lengths
        train = source.splits["train"] if "train" in source.splits else np.arange(len(lengths[0]))
        longest = [min(limit, round_up(int(own.max()))) for limit, own in zip(limits, lengths, strict=True)]
        shapes = choose_shapes(lengths[0][train], lengths[1][train], (longest[0], longest[1]))
    return PairLoader(source, task, replace(settings, shapes=tuple(shapes)), rows)


def _choose_target_limit(given: PairInput, asked: int | None) -> int:
    """Return the most positions of what is written; `asked` is data.target_length."""
    most = given.maximum_length
    if asked is not None and most is not None and asked > most:
        raise ConfigError(
            f"data.target_length: {asked} is more than the {most} positions the backbone has; write at most {most}"
        )
    least = len(given.decoder_start) + len(given.decoder_end) + _LEAST_TARGET
    if asked is not None and asked < least:
        raise ConfigError(
            f"data.target_length: {asked} leaves no room for text beside special tokens; write at least {least}"
        )
    return asked or given.default_length
