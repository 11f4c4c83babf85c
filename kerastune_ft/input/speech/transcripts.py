"""Transcripts as rows of tokens: what stands before them, which is not learnt, their words, and the end, which are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerastune_ft.backbones.speech.speech_input import SpeechInput, read_speech_input
from kerastune_ft.backbones.speech.speech_tokens import SpeechTokens
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.rows import DialogueRows
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.texts.row_settings import read_sizes

# Tokens of words that a row must have room for.
_LEAST = 4


@dataclass(frozen=True)
class SpeechSettings:
    """The settings by which sounds and transcripts become inputs: of a loader, of a saved model, of transcriptions."""

    given: SpeechInput
    prompt: tuple[int, ...]
    """The tokens before every transcript, which say the language among other things."""
    clip: Clip
    """The rate and length that sounds are brought to."""
    limit: int
    """The most positions of a row of tokens."""
    sizes: tuple[int, ...]
    """The lengths that rows are padded to, ascending; an example gets the first that it fits into."""
    unwritten: tuple[int, ...]
    """Tokens that are never written: signs that are not spoken and are in no transcript of the training, and others."""

    @property
    def tokens(self) -> SpeechTokens:
        """Return the special tokens of transcripts."""
        return tokens_of(self.given)

    def pack(self, texts: Sequence[str]) -> DialogueRows:
        """Return the rows of transcripts."""
        return pack_transcripts(texts, self.given, self.prompt, self.limit)

    def to_json(self) -> dict[str, Any]:
        """Return all but the tokenizer and the clip as JSON values."""
        return {
            "sequence_length": self.limit,
            "lengths": list(self.sizes),
            "prompt": list(self.prompt),
            "unwritten": list(self.unwritten),
            "tokens": asdict(self.tokens),
            "maximum_length": self.given.maximum_length,
        }

    @classmethod
    def from_plan(cls, plan: Mapping[str, Any], tokenizer: Any) -> SpeechSettings:
        """Return the settings of a run from the entries `speech` and `sound` of its plan.json."""
        entry, given = plan["speech"], read_speech_input(plan, tokenizer)
        clip = Clip(plan["sound"]["sample_rate"], plan["sound"]["samples"])
        prompt, unwritten = tuple(entry["prompt"]), tuple(entry["unwritten"])
        return cls(given, prompt, clip, entry["sequence_length"], read_sizes(entry), unwritten)


def tokens_of(given: SpeechInput) -> SpeechTokens:
    """Return the special tokens of a backbone's transcripts."""
    assert given.tokens is not None
    return given.tokens


def choose_limit(given: SpeechInput, asked: int | None, prompt: Sequence[int]) -> int:
    """Return the most positions of a row; `asked` is data.target_length.

    Raises ConfigError for a length that the model has no positions for, or that leaves no room for words.
    """
    if asked is not None and asked > given.maximum_length:
        raise ConfigError(
            f"data.target_length: {asked} is more than the {given.maximum_length} positions the backbone has; write "
            f"at most {given.maximum_length}"
        )
    limit = asked or given.maximum_length
    if limit < len(prompt) + _LEAST:
        raise ConfigError(
            f"data.target_length: {limit} leaves no room for words beside {len(prompt)} special tokens; write at least "
            f"{len(prompt) + _LEAST}"
        )
    return limit


def pack_transcripts(texts: Sequence[str], given: SpeechInput, prompt: Sequence[int], limit: int) -> DialogueRows:
    """Return the rows of transcripts, of at most `limit` positions; what is too long loses its end.

    Control tokens in a transcript are text, as everything else that people write.
    """
    tokens = tokens_of(given)
    written = [tokens.lead + " ".join(text.split()) for text in texts]
    found = ControlTokens(given.tokenizer).encode_texts(written)
    before, after = np.array(prompt, np.int32), np.array([tokens.end], np.int32)
    whole = [np.concatenate([before, row, after]) for row in found]
    kept = [row[: limit + 1] for row in whole]
    learnt = [(np.arange(len(row)) >= len(before)).astype(np.uint8) for row in kept]
    lost = np.array([len(row) for row in whole], np.int64) - [len(row) for row in kept]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in kept])]).astype(np.int64)
    nothing: list[np.ndarray] = [np.zeros(0, np.int32)]
    return DialogueRows(
        np.concatenate([*nothing, *kept]), np.concatenate([np.zeros(0, np.uint8), *learnt]), offsets, lost, lost, lost
    )


def find_unwritten(given: SpeechInput, rows: DialogueRows, train: np.ndarray, prompt: Sequence[int]) -> tuple[int, ...]:
    """Return the tokens that are never to be written: control tokens, and signs that no training transcript has."""
    tokens = tokens_of(given)
    spans = [rows.read(int(number))[0][len(prompt) :] for number in train]
    used = set(np.unique(np.concatenate(spans)).tolist()) if spans else set()
    return tuple(sorted({*tokens.control, *(sign for sign in tokens.unspoken if sign not in used)}))
