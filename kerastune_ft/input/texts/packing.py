"""Packs tokens into rows for a text backbone: special tokens in place, long texts cut, short rows padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.backbones.text_input import PADDING_MASK, SEGMENT_IDS, TOKEN_IDS, TextInput
from kerastune_ft.input.texts.lengths import choose_lengths, round_up
from kerastune_ft.input.texts.tokenise import Tokens


@dataclass(frozen=True)
class TokenRows:
    """Rows of tokens, special tokens included, each no longer than a limit; stored without padding."""

    text: TextInput
    ids: np.ndarray
    """The tokens of all rows, one row after the other, int32."""
    offsets: np.ndarray
    """Where each row begins in `ids`, and where the last ends, int64 [rows + 1]."""
    second: np.ndarray
    """For each row, the place of the first token of the second text; the row's length where there is none."""
    lost: np.ndarray
    """For each row, the number of tokens that were cut off."""

    @property
    def lengths(self) -> np.ndarray:
        """Return the number of tokens of each row."""
        return np.diff(self.offsets)

    def count_kept(self, number: int) -> tuple[int, ...]:
        """Return how many tokens a row keeps of its text, or of each text of a pair."""
        text, length, second = self.text, int(self.lengths[number]), int(self.second[number])
        if second == length:
            # The row of a text without any token holds one that stands for it.
            return (max(0, length - len(text.start) - len(text.end)),)
        return second - len(text.start) - len(text.separator), length - second - len(text.end)

    @property
    def sizes(self) -> np.ndarray:
        """Return the number of tokens of each row, which decides what it is padded to."""
        return self.lengths

    @property
    def tokens_per_size(self) -> int:
        """Return 1: sizes are tokens."""
        return 1

    def shape(self, size: int | None) -> list[int | None]:
        """Return the shape of a row padded to so many tokens."""
        return [size]

    def choose_sizes(self, train: np.ndarray, limit: int) -> tuple[int, ...]:
        """Return at most four lengths to pad to, for the rows `train` of all, of at most `limit` tokens."""
        return choose_lengths(self.lengths[train], min(limit, round_up(int(self.lengths.max()))))

    def count_token(self, token: int) -> tuple[int, int]:
        """Return how many rows hold a token, and how often it is there."""
        places = np.flatnonzero(self.ids == token)
        return len(np.unique(np.searchsorted(self.offsets, places, side="right"))), len(places)

    def pad(self, numbers: np.ndarray, length: int) -> dict[str, np.ndarray]:
        """Return these rows padded to `length`, as the model's inputs by name, int32 [rows, length] each."""
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
    """Return rows of at most `limit` tokens; `parts` are the tokens of all texts, or of all first and all second ones.

    The longer text of a pair loses tokens first. A row without any token, such as that of a text of unknown characters,
    gets one, since a model cannot pool padding alone.
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
    """Return how many tokens of each text of a pair are kept: the longer one is cut first."""
    half = room // 2
    kept_second = np.minimum(second, np.maximum(half, room - first))
    return [np.minimum(first, room - kept_second), kept_second]
