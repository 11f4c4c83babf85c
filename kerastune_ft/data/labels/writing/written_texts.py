"""Labels that are texts which a model learns to write."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.raw import RawLabels, SingleLabels
from kerastune_ft.errors import ConfigError

# 64 bits as hexadecimal digits.
_HASH_LENGTH = 16


class WrittenTexts(Labels):
    """A text to write per example: `numbers` is int64 [N], their lengths in characters."""

    kind = "text"
    has_classes = False
    requires_training = False
    contradiction = "there with different texts to write"
    contradiction_of_texts = "there with several answers, which may all be right"

    def __init__(self, texts: Sequence[str]) -> None:
        """`texts` are by example; empty where all of the input is learnt."""
        super().__init__((), np.fromiter(map(len, texts), np.int64, len(texts)))
        self._texts = list(texts)

    @property
    def texts(self) -> list[str]:
        """For each example, the text to write."""
        return self._texts

    @property
    def row_texts(self) -> list[str]:
        """For each example, the length and hash of its text: splits.csv goes where the texts of people may not."""
        return [_record(text) for text in self._texts]

    @property
    def strata(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """One stratum: texts are no classes that splits could share alike."""
        return np.zeros(len(self.numbers), np.int32), ("",)

    def join_contents(self, contents: Sequence[str]) -> Sequence[str]:
        """Return hashes of input and text together: what stands before a token decides what a model computes of it."""
        return [_hash(content, text) for content, text in zip(contents, self._texts, strict=True)]

    def counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return nothing: there are no classes."""
        return {}


def _record(text: str) -> str:
    """Return what tells a text from others without saying it; nothing of an empty one."""
    return f"{len(text)} characters {_hash('', text)[:_HASH_LENGTH]}" if text else ""


def _hash(content: str, text: str) -> str:
    return hashlib.sha256(f"{content}{text}".encode("utf-8", "surrogatepass")).hexdigest()


def number_written_texts(
    raw: RawLabels, keys: Sequence[str], task: Any, origin: str, sizes: Any = None
) -> WrittenTexts:
    """Return the text of every example, see `number_labels`."""
    if not isinstance(raw, SingleLabels):
        raise ConfigError(
            f"data.label: {origin} gives several labels per example, and {task.kind} learns one text; name one column"
        )
    return WrittenTexts(raw.texts)
