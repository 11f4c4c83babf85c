from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.tokenizers.hard_texts import HARD_TEXTS
from kerastune_ft.exporting.tokenizers.word_piece import make_portable
from kerastune_ft.input.texts.tokenise import tokenise_texts
from tests.support.small_tokenizers import make_word_pieces

_KINDS = [
    {"lowercase": True, "strip_accents": True},
    {"lowercase": True, "strip_accents": False},
    {"lowercase": False},
    {"lowercase": True, "strip_accents": True, "special_tokens_in_strings": True},
]


@pytest.mark.parametrize("options", _KINDS)
def test_the_library_gives_the_same_tokens_for_texts_of_every_kind(options: dict[str, Any]) -> None:
    _compare(make_word_pieces(**options), [*HARD_TEXTS, *_list_letters(0x20, 0x600), *_list_letters(0x3000, 0x3100)])


@pytest.mark.slow  # every letter of Unicode that this Python knows
@pytest.mark.parametrize("options", _KINDS)
def test_every_letter_there_is_becomes_the_same_token(options: dict[str, Any]) -> None:
    _compare(make_word_pieces(**options), _list_letters(0, 0x110000))


def test_a_word_of_more_bytes_than_a_hundred_is_one_unknown_token() -> None:
    made = make_portable(tokenizer := make_word_pieces())
    unknown = tokenizer.token_to_id("[UNK]")
    # Fifty letters of two bytes each are known, fifty-one are not, though they are fewer than a hundred letters.
    assert len(made.encode("é" * 50)) == 50
    assert made.encode("é" * 51) == [unknown] == made.encode("x" * 101)
    assert len(made.encode("x" * 100)) == 100


def test_what_becomes_points_when_cases_are_folded_is_split_before() -> None:
    tokenizer = make_word_pieces(lowercase=True)
    known = [tokenizer.token_to_id(token) for token in (".", "##.", "##.")]
    assert make_portable(tokenizer).encode("…") == known
    assert make_portable(tokenizer).encode("...") == [known[0]] * 3


def test_special_tokens_in_a_text_are_letters_unless_the_tokenizer_reads_them() -> None:
    written = make_word_pieces()
    assert make_portable(written).encode("[SEP]") == [
        written.token_to_id(each) for each in ("[", "S", "##E", "##P", "]")
    ]
    read = make_word_pieces(special_tokens_in_strings=True)
    assert make_portable(read).encode("[SEP]") == [read.token_to_id("[SEP]")]


def test_a_tokenizer_of_words_is_refused() -> None:
    with pytest.raises(ConfigError, match="takes words that were split before"):
        make_portable(make_word_pieces(split=False))


def _list_letters(first: int, last: int) -> list[str]:
    """Return texts with all letters of a range, each at the beginning of a word, in it, and as one."""
    letters = [chr(code) for code in range(first, last) if unicodedata.category(chr(code)) not in ("Cn", "Cs")]
    return ["".join(f"a{each}b {each} {each}c" for each in letters[at : at + 40]) for at in range(0, len(letters), 40)]


def _compare(tokenizer: Any, texts: list[str]) -> None:
    made, wanted = make_portable(tokenizer), tokenise_texts(tokenizer, texts)
    for number, text in enumerate(texts):
        assert made.encode(text) == wanted[number].tolist(), ascii(text[:200])
