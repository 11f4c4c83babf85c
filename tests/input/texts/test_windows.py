from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.input.texts.tokenise import Tokens
from kerastune_ft.input.texts.windows import MOST_WINDOWS, WindowRows, pack_windows

LENGTH, START, END, PAD, UNKNOWN = 8, 1, 2, 0, 9
NAMES = ("token_ids", "padding_mask", "segment_ids")


def pack(*texts: list[int], most: int = MOST_WINDOWS) -> WindowRows:
    text = TextInput(None, NAMES, (START,), (END,), (END,), PAD, 64, 16, LENGTH)
    offsets = np.cumsum([0, *map(len, texts)])
    return pack_windows(text, Tokens(np.array([one for text in texts for one in text], np.int32), offsets), most)


def read_back(row: dict[str, Any], number: int) -> list[list[int]]:
    """The tokens of each window of a row, without special tokens."""
    windows = zip(row["token_ids"][number], row["padding_mask"][number], strict=True)
    return [ids[mask == 1].tolist()[1:-1] for ids, mask in windows if mask.any()]


@pytest.mark.parametrize("tokens", [0, 1, 6, 7, 12, 13, 30, 96])
def test_a_text_is_read_whole_in_as_few_windows_as_hold_it(tokens: int) -> None:
    rows = pack([5], list(range(10, 10 + tokens)), [5])
    windows = read_back(rows.pad(np.array([1]), MOST_WINDOWS), 0)
    assert [one for window in windows for one in window] == list(range(10, 10 + tokens))
    assert len(windows) == rows.sizes[1] == max(1, -(-tokens // (LENGTH - 2)))
    assert max(map(len, windows)) - min(map(len, windows)) <= 1
    assert rows.lengths.tolist() == [3, tokens + 2 * len(windows), 3]
    assert rows.lost.tolist() == [0, 0, 0]


def test_windows_that_fill_up_are_padding_alone() -> None:
    rows = pack(list(range(10, 20)), [5]).pad(np.array([1, 0]), 3)
    assert {name: values.shape for name, values in rows.items()} == dict.fromkeys(NAMES, (2, 3, LENGTH))
    assert all(values.dtype == np.int32 for values in rows.values())
    assert rows["padding_mask"].sum(axis=2).tolist() == [[3, 0, 0], [7, 7, 0]]
    assert (rows["token_ids"][rows["padding_mask"] == 0] == PAD).all()
    assert rows["token_ids"][1, :2].tolist() == [[1, 10, 11, 12, 13, 14, 2, 0], [1, 15, 16, 17, 18, 19, 2, 0]]


def test_beyond_the_most_windows_the_end_is_cut() -> None:
    rows = pack([5], list(range(10, 30)), [6], most=2)
    assert rows.lost.tolist() == [0, 8, 0]
    assert [rows.count_kept(number) for number in range(3)] == [(1,), (12,), (1,)]
    assert read_back(rows.pad(np.array([1, 2]), 2), 0) == [list(range(10, 16)), list(range(16, 22))]
    assert read_back(rows.pad(np.array([1, 2]), 2), 1) == [[6]]


def test_rows_with_a_token_are_counted_by_text() -> None:
    rows = pack([UNKNOWN] * 13, [5], [UNKNOWN])
    assert rows.count_token(UNKNOWN) == (2, 14)
    assert rows.count_token(77) == (0, 0)


def test_numbers_of_windows_are_chosen_from_the_training_texts() -> None:
    rows = pack(*[[5]] * 3000, *[[5] * 18] * 3000, [5] * 60)
    assert rows.choose_sizes(np.arange(6000), LENGTH) == (1, 3, 10)
    assert rows.shape(3) == [3, LENGTH]
    assert rows.tokens_per_size == LENGTH
