from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.input.texts.packing import TokenRows, pack_rows
from kerastune_ft.input.texts.tokenise import tokenise_texts

ALL = ("token_ids", "padding_mask", "segment_ids")


@dataclass(frozen=True)
class Letters:
    """A tokenizer of letters: a is 10, b is 11."""

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        return [[ord(letter) - ord("a") + 10 for letter in text if letter.isalpha()] for text in texts]


def text_input(
    start: tuple[int, ...] = (1,), end: tuple[int, ...] = (2,), separator: tuple[int, ...] = (2,)
) -> TextInput:
    return TextInput(Letters(), ALL, start, separator, end, 0, 64, 32)


def rows(examples: Sequence[tuple[str, ...]], limit: int, text: TextInput | None = None) -> TokenRows:
    return pack_rows(
        text or text_input(), [tokenise_texts(Letters(), part) for part in zip(*examples, strict=True)], limit
    )


def test_a_text_between_its_special_tokens_and_padding() -> None:
    found = rows([("ab",), ("abcdef",)], 6)
    inputs = found.pad(np.array([1, 0]), 6)
    assert inputs["token_ids"].tolist() == [[1, 10, 11, 12, 13, 2], [1, 10, 11, 2, 0, 0]]
    assert inputs["padding_mask"].tolist() == [[1] * 6, [1, 1, 1, 1, 0, 0]]
    assert not inputs["segment_ids"].any()
    assert all(values.dtype == np.int32 for values in inputs.values())
    assert found.lost.tolist() == [0, 2]
    assert [found.count_kept(number) for number in (0, 1)] == [(2,), (4,)]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [("abcdefgh", "ab", (5, 2)), ("ab", "abcdefgh", (2, 5)), ("abcdefgh", "abcdefgh", (4, 3)), ("ab", "ab", (2, 2))],
)
def test_the_longer_text_of_a_pair_is_cut_first(first: str, second: str, kept: tuple[int, int]) -> None:
    found = rows([(first, second)], 10)
    (ids,) = found.pad(np.array([0]), 10)["token_ids"].tolist()
    assert ids[: kept[0] + 2] == [1, *range(10, 10 + kept[0]), 2]
    assert ids[kept[0] + 2 : sum(kept) + 3] == [*range(10, 10 + kept[1]), 2]
    (segments,) = found.pad(np.array([0]), 10)["segment_ids"].tolist()
    assert segments == [0] * (kept[0] + 2) + [1] * (kept[1] + 1) + [0] * (7 - sum(kept))
    assert found.lost.tolist() == [len(first) + len(second) - sum(kept)]
    assert found.count_kept(0) == kept


def test_separators_may_be_two() -> None:
    (ids,) = rows([("a", "b")], 8, text_input(separator=(2, 2))).pad(np.array([0]), 8)["token_ids"].tolist()
    assert ids == [1, 10, 2, 2, 11, 2, 0, 0]


def test_a_text_without_tokens_is_never_padding_alone() -> None:
    for text in (text_input(start=(), end=()), text_input(start=(), end=(2,))):
        inputs = rows([("...",)], 8, text).pad(np.array([0]), 8)
        assert inputs["padding_mask"].sum() == 1


def test_equal_texts_are_tokenised_once() -> None:
    seen: list[str] = []

    def tokenizer(texts: Sequence[str]) -> list[list[int]]:
        seen.extend(texts)
        return [[1]] * len(texts)

    assert len(tokenise_texts(tokenizer, ["a", "b", "a"])) == 3
    assert seen == ["a", "b"]
