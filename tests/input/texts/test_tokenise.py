"""Where in a text the tokens that are kept end: found by counting, the same as by trying every place."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kerastune_ft.input.texts.tokenise import find_ends


class Syllables:
    """A tokenizer of two letters at a time, word by word."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        self.calls += 1
        return [[7 for word in text.split() for _ in range(0, len(word), 2)] for text in texts]


def test_whole_words_are_read_as_far_as_there_is_room() -> None:
    tokenizer, draw = Syllables(), random.Random(0)
    texts = [" ".join("x" * draw.randint(1, 9) for _ in range(draw.randint(1, 40))) for _ in range(30)]
    kept = [draw.randint(0, 60) for _ in texts]
    ends = find_ends(tokenizer, texts, kept)
    assert tokenizer.calls <= 7, "places are halved for all texts at once"
    for text, count, end in zip(texts, kept, ends, strict=True):
        words, room, expected = text.split(), count, 0
        for number, word in enumerate(words):
            room -= -(-len(word) // 2)
            if room < 0:
                break
            expected = len(" ".join(words[: number + 1]))
        assert end == expected


def test_a_text_without_spaces_may_end_anywhere() -> None:
    assert find_ends(Syllables(), ["語" * 100], [10]) == [20]


def test_nothing_is_read_without_room() -> None:
    assert find_ends(Syllables(), ["a b", ""], [0, 5]) == [0, 0]
