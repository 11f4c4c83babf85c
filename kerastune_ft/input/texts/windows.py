"""Packs long texts into windows: rows of tokens of one length, as few as hold the text, one beside the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerastune_ft.backbones.text_input import TOKEN_IDS, TextInput
from kerastune_ft.input.texts.lengths import choose_counts
from kerastune_ft.input.texts.packing import TokenRows, pack_rows
from kerastune_ft.input.texts.tokenise import Tokens

MOST_WINDOWS = 16
"""The most windows of a text; what is beyond them is cut."""


@dataclass(frozen=True)
class WindowRows:
    """Rows of windows, [windows, length]; a window is a row of tokens with special tokens of its own."""

    windows: TokenRows
    """The windows of all rows, one row after the other."""
    first: np.ndarray
    """Where the windows of each row begin, and where the last end, int64 [rows + 1]."""
    lost: np.ndarray
    """For each row, the number of tokens that were cut off."""

    @property
    def text(self) -> TextInput:
        """Return what the rows are made for."""
        return self.windows.text

    @property
    def length(self) -> int:
        """Return the length of a window."""
        assert self.text.window is not None
        return self.text.window

    @property
    def sizes(self) -> np.ndarray:
        """Return the number of windows of each row."""
        return np.diff(self.first)

    @property
    def lengths(self) -> np.ndarray:
        """Return the number of tokens of each row, the special ones of every window included."""
        return np.add.reduceat(self.windows.lengths, self.first[:-1])

    @property
    def tokens_per_size(self) -> int:
        """Return the tokens that one more window is padded to."""
        return self.length

    def shape(self, size: int | None) -> list[int | None]:
        """Return the shape of a row padded to so many windows."""
        return [size, self.length]

    def choose_sizes(self, train: np.ndarray, limit: int) -> tuple[int, ...]:
        """Return at most four numbers of windows to pad to, for the rows `train` of all; `limit` tells nothing new."""
        return choose_counts(self.sizes[train], int(self.sizes.max()), self.length)

    def count_kept(self, number: int) -> tuple[int, ...]:
        """Return how many tokens a row keeps of its text."""
        return (max(0, int(self.lengths[number] - self.sizes[number] * self.text.special(1))),)

    def count_token(self, token: int) -> tuple[int, int]:
        """Return how many rows hold a token, and how often it is there."""
        places = np.flatnonzero(self.windows.ids == token)
        held = np.searchsorted(self.windows.offsets, places, side="right") - 1
        return len(np.unique(np.searchsorted(self.first, held, side="right"))), len(places)

    def pad(self, numbers: np.ndarray, size: int) -> dict[str, np.ndarray]:
        """Return these rows padded to `size` windows, as the model's inputs by name, int32 [rows, size, length] each.

        A window that fills up holds padding alone, where the padding mask is 0.
        """
        places = np.arange(size)
        present = places < self.sizes[numbers][:, np.newaxis]
        windows = np.minimum(self.first[numbers][:, np.newaxis] + places, self.first[-1] - 1)
        padded = self.windows.pad(windows.reshape(-1), self.length)
        filling = {name: self.text.pad if name == TOKEN_IDS else 0 for name in padded}
        return {
            name: np.where(present[..., np.newaxis], rows.reshape(*windows.shape, -1), filling[name]).astype(np.int32)
            for name, rows in padded.items()
        }


def pack_windows(text: TextInput, tokens: Tokens, most: int) -> WindowRows:
    """Return rows of at most `most` windows of `text.window` tokens each, special ones included.

    A text gets as few windows as hold it. They do not overlap, and their numbers of tokens differ by one at most, so
    that the last is no remainder of a few words and all count about the same in the mean. Longer texts lose their end.
    """
    assert text.window is not None
    room = text.window - text.special(1)
    sizes = np.diff(tokens.offsets)
    kept = np.minimum(sizes, most * room)
    counts = np.maximum(-(-kept // room), 1)
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    row = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(first[-1]) - first[row]
    begins = tokens.offsets[:-1][row] + kept[row] * place // counts[row]
    ends = tokens.offsets[:-1][row] + kept[row] * (place + 1) // counts[row]
    pieces = [tokens.ids[begin:end] for begin, end in zip(begins, ends, strict=True)]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(ends - begins)])
    ids = np.concatenate(pieces) if pieces else np.zeros(0, np.int32)
    return WindowRows(pack_rows(text, [Tokens(ids, offsets)], text.window), first, sizes - kept)
