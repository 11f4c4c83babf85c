"""Rows of tokens of pairs of texts: what an encoder reads, and what a decoder writes for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.backbones.language.pair_input import (
    DECODER_MASK,
    DECODER_TOKENS,
    ENCODER_MASK,
    ENCODER_TOKENS,
    PairInput,
)
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.data.dialogues.turns import Dialogue
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.pair_shapes import Shape
from kerastune_ft.input.language.rows import DialogueRows, join_rows


@dataclass(frozen=True)
class PairSettings:
    """The settings by which pairs of texts become rows of tokens: of a loader, of a saved model, of answers."""

    given: PairInput
    limits: Shape
    """The most positions of each row."""
    shapes: tuple[Shape, ...]
    """The shapes that rows are padded to, smallest first; an example gets the first that it fits into."""

    @classmethod
    def from_plan(cls, entry: Mapping[str, Any], tokenizer: Any) -> PairSettings:
        """Return the settings of a run from the entry `pair` of its plan.json."""
        limits = entry["sequence_length"], entry["target_length"]
        return cls(PairInput.from_json(entry["rows"], tokenizer), limits, read_shapes(entry))

    def pack(self, dialogues: Sequence[Dialogue]) -> PairRows:
        """Return the rows of texts and what is written for them."""
        tokens = ControlTokens(self.given.tokenizer)
        sources = [self._frame_source(own) for own in tokens.encode_texts([each[0].content for each in dialogues])]
        targets = [self._frame_target(own) for own in tokens.encode_texts([each[-1].content for each in dialogues])]
        kept = [(self._cut_source(ids), flags) for ids, flags in sources]
        return PairRows(
            join_rows(sources, [(ids, flags[: len(ids)]) for ids, flags in kept]),
            join_rows(targets, [self._cut_target(*each) for each in targets]),
        )

    def encode_source(self, text: str) -> tuple[np.ndarray, int]:
        """Return the tokens that the encoder reads of a text, int32, cut as in training, and how many were lost."""
        (own,) = ControlTokens(self.given.tokenizer).encode_texts([text])
        whole, _ = self._frame_source(own)
        kept = self._cut_source(whole)
        return kept, len(whole) - len(kept)

    def _frame_source(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        framed = np.concatenate([_row(self.given.start), ids, _row(self.given.end)])
        return framed, np.zeros(len(framed), np.uint8)

    def _frame_target(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        start, end = _row(self.given.decoder_start), _row(self.given.decoder_end)
        flags = np.ones(len(start) + len(ids) + len(end), np.uint8)
        flags[: len(start)] = 0
        return np.concatenate([start, ids, end]), flags

    def _cut_source(self, ids: np.ndarray) -> np.ndarray:
        """Return a row without the end of its text where it is too long; its last special tokens are kept."""
        end = len(self.given.end)
        return _drop_before(ids, end, len(ids) - self.limits[0])

    def _cut_target(self, ids: np.ndarray, flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # The last token is only a label, so that a row may have one more than there are positions.
        kept = _drop_before(ids, len(self.given.decoder_end), len(ids) - self.limits[1] - 1)
        return kept, flags[: len(kept)]


@dataclass(frozen=True)
class PairRows:
    """The rows of all examples: what is read, and what is written for it."""

    sources: DialogueRows
    """Of these nothing is learnt."""
    targets: DialogueRows

    @property
    def source_lengths(self) -> np.ndarray:
        """Return the positions of each row that is read."""
        return np.diff(self.sources.offsets)

    @property
    def target_lengths(self) -> np.ndarray:
        """Return the positions of each row that is written: a token fewer than there are."""
        return self.targets.lengths

    def pad(self, numbers: np.ndarray, shape: Shape, pad: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return inputs by name, int32, and the targets of what is written, [examples, length] each."""
        places = np.arange(shape[0])
        starts, sizes = self.sources.offsets[numbers][:, np.newaxis], self.source_lengths[numbers][:, np.newaxis]
        present = places < sizes
        at = np.minimum(starts + places, len(self.sources.ids) - 1)
        written, targets = self.targets.pad(numbers, shape[1], pad)
        inputs = {
            ENCODER_TOKENS: np.where(present, self.sources.ids[at], pad).astype(np.int32),
            ENCODER_MASK: present.astype(np.int32),
            DECODER_TOKENS: written[TOKEN_IDS],
            DECODER_MASK: written[PADDING_MASK],
        }
        return inputs, targets


def read_shapes(entry: Mapping[str, Any]) -> tuple[Shape, ...]:
    """Return the shapes to pad to for data that a run was not trained on, from the entry `pair` of its plan.json.

    Besides those of its training they include the largest that its model takes.
    """
    known = {(source, target) for source, target in entry["shapes"]}
    return tuple(sorted({*known, (entry["sequence_length"], entry["target_length"])}, key=lambda own: (sum(own), own)))


def _row(tokens: Sequence[int]) -> np.ndarray:
    return np.array(tokens, np.int32)


def _drop_before(ids: np.ndarray, last: int, excess: int) -> np.ndarray:
    """Return tokens without as many before the last ones."""
    if excess <= 0:
        return ids
    return np.concatenate([ids[: len(ids) - last - excess], ids[len(ids) - last :]])
