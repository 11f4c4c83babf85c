"""The settings by which texts become rows of tokens: of a loader, of a saved model, of predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.input.texts.packing import TokenRows, pack_rows
from kerastune_ft.input.texts.tokenise import Tokens
from kerastune_ft.input.texts.windows import MOST_WINDOWS, WindowRows, pack_windows

Rows = TokenRows | WindowRows
"""The rows of many texts: of tokens, or of windows where a text is read in these."""


@dataclass(frozen=True)
class RowSettings:
    """The settings by which texts become rows of tokens."""

    text: TextInput
    parts: int
    """Texts of an example: 1, or 2 for pairs."""
    limit: int
    """The most tokens of a row, or of a window."""
    sizes: tuple[int, ...]
    """The sizes that rows are padded to, ascending: numbers of tokens, or of windows."""

    @classmethod
    def from_plan(cls, entry: Mapping[str, Any], tokenizer: Any) -> RowSettings:
        """Return the settings of a run from the entry `text` of its plan.json."""
        text = TextInput.from_json(entry["rows"], tokenizer)
        return cls(text, entry["texts"], entry["sequence_length"], read_sizes(entry))

    def pack(self, parts: Sequence[Tokens]) -> Rows:
        """Return the rows of texts; `parts` are the tokens of all texts, or of all first and all second ones."""
        return pack_texts(self.text, parts, self.limit)


def pack_texts(text: TextInput, parts: Sequence[Tokens], limit: int) -> Rows:
    """Return the rows of texts, of at most `limit` tokens where `text` is not read in windows."""
    if text.window is None:
        return pack_rows(text, parts, limit)
    return pack_windows(text, parts[0], MOST_WINDOWS)


def read_sizes(entry: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the sizes to pad to for data that a run was not trained on, from the entry `text` of its plan.json.

    Besides those of its training they include the largest that its model takes.
    """
    if windows := entry.get("windows"):
        return tuple(sorted({*windows["numbers"], windows["most"]}))
    return tuple(sorted({*entry["lengths"], entry["sequence_length"]}))
