"""Rows of tokens as a text backbone takes them: special tokens in their places, too long texts cut, the rest padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.backbones.text_input import PADDING_MASK, SEGMENT_IDS, TOKEN_IDS, TextInput
from kerastune_ft.input.tokenise import Tokens


@dataclass(frozen=True)
class TokenRows:
    """Rows of tokens, special ones included, one after the other, each no longer than a limit."""

    text: TextInput
    ids: np.ndarray
    offsets: np.ndarray
    second: np.ndarray
    """By row, where the second text of a pair begins; its length where there is none."""
    lost: np.ndarray
    """By row, the tokens that did not fit."""

    @property
    def lengths(self) -> np.ndarray:
        """By row, its tokens."""
        return np.diff(self.offsets)

    def pad(self, numbers: np.ndarray, length: int) -> dict[str, np.ndarray]:
        """Return these rows as the model's inputs, int32 [rows, length]."""
        starts, sizes = self.offsets[numbers][:, np.newaxis], self.lengths[numbers][:, np.newaxis]
        places = np.arange(length)
        present = places < sizes
        ids = self.ids[np.minimum(starts + places, len(self.ids) - 1)]
        inputs = {
            TOKEN_IDS: np.where(present, ids, self.text.pad).astype(np.int32),
            PADDING_MASK: present.astype(np.int32),
            SEGMENT_IDS: (present & (places >= self.second[numbers][:, np.newaxis])).astype(np.int32),
        }
        return {name: inputs[name] for name in self.text.names}


def pack_rows(text: TextInput, parts: Sequence[Tokens], limit: int) -> TokenRows:
    """Return the rows of examples whose texts are `parts`, one or two, cut to `limit` tokens.

    Of a pair the longer text loses tokens first. A row without any token, as of a text the tokenizer knows nothing of,
    gets one at least, since a model has nothing to say of padding alone.
    """
    room = limit - text.special(len(parts))
    sizes = [np.diff(part.offsets) for part in parts]
    kept = [np.minimum(sizes[0], room)] if len(parts) == 1 else _divide_room(sizes[0], sizes[1], room)
    lost = sum(size - own for size, own in zip(sizes, kept, strict=True))
    start, separator, end = (np.array(tokens, np.int32) for tokens in (text.start, text.separator, text.end))
    alone = np.array(text.end or (text.pad,), np.int32)
    rows, second = [], []
    for number in range(len(parts[0])):
        row = [start, parts[0][number][: kept[0][number]]]
        if len(parts) == 2:
            row.append(separator)
        second.append(sum(map(len, row)))
        if len(parts) == 2:
            row.append(parts[1][number][: kept[1][number]])
        whole = np.concatenate([*row, end])
        rows.append(whole if len(whole) else alone)
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    begins = np.array(second, np.int64) if len(parts) == 2 else lengths
    return TokenRows(text, np.concatenate(rows), offsets, begins, np.asarray(lost))


def _divide_room(first: np.ndarray, second: np.ndarray, room: int) -> list[np.ndarray]:
    """Return how many tokens of either text of a pair are kept: the longer one is cut first."""
    half = room // 2
    kept_second = np.minimum(second, np.maximum(half, room - first))
    return [np.minimum(first, room - kept_second), kept_second]
