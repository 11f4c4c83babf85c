from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from kerastune_ft.data.blocks import fill_blocks, name_block, recall_blocks


def count_bytes(pieces: Sequence[str]) -> list[int]:
    return [len(piece.encode()) for piece in pieces]


TEXTS = [
    "short",
    "a word and another, " * 9,
    "\n\n  leading blanks and trailing ones   \n" * 5 + "   ",
    "字" * 100,
    "x" * 200,
    "é\u2028y " * 40,
    "",
]


@pytest.mark.parametrize("most", [48, 64, 200])
def test_blocks_are_all_of_a_text_and_have_no_more_tokens(most: int) -> None:
    for text, spans in zip(TEXTS, fill_blocks(TEXTS, count_bytes, most), strict=True):
        assert "".join(text[start:end] for start, end in spans) == text
        assert all(len(text[start:end].encode()) <= most for start, end in spans)
        assert len(spans) == 1 or all(start < end for start, end in spans)
        # Nothing that is one word is divided, but words that are longer than words are.
        for (_, end), (start, _) in pairwise(spans):
            assert end == start


def test_blocks_are_as_full_as_words_allow() -> None:
    text = " ".join(["word"] * 1000)
    spans = fill_blocks([text], count_bytes, 52)[0]
    assert {end - start for start, end in spans[:-1]} <= {49, 50, 52}
    assert len(spans) == int(np.ceil(len(text) / 50))


def test_texts_that_surely_fit_are_not_counted() -> None:
    def refuse(pieces: Sequence[str]) -> list[int]:
        raise AssertionError(pieces)

    assert fill_blocks(["a b", "é"], refuse, 3) == [[(0, 3)], [(0, 1)]]


def test_blocks_of_a_run_are_found_again_by_their_keys() -> None:
    texts = ["one two three " * 20, "short", "four five six " * 20]
    keys = ["a.txt", "b.txt", "line 3"]
    spans = fill_blocks(texts, count_bytes, 40)
    recorded = [f"{key}{name_block(span, len(own))}" for key, own in zip(keys, spans, strict=True) for span in own]
    assert recorded[0].startswith("a.txt[0:")
    assert "b.txt" in recorded
    divide = recall_blocks(recorded[::-1])
    assert divide(keys, texts) == spans
    # What was added to a text since, or is new, is in a block too; what is gone is in none.
    longer, new = divide(["a.txt", "c.txt"], [f"{texts[0]}more", "new " * 99])
    assert longer[:-1] == spans[0][:-1]
    assert longer[-1] == (spans[0][-1][0], len(texts[0]) + 4)
    assert new == [(0, 396)]
    (shorter,) = divide(["a.txt"], [texts[0][:50]])
    assert shorter[-1][1] == 50
