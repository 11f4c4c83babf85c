"""What counts as a word, and what is left out before texts are compared."""

from __future__ import annotations

import pytest
from rouge_score.tokenizers import DefaultTokenizer

from kerastune_ft.metrics.texts.words import normalise_answer, normalise_speech, split_words

ENGLISH = "It's a well-known fact: 3.5 cats_and dogs (SO what?)\n\tdon't\u00a0run."


def test_words_of_english_are_those_of_rouge_score():
    assert split_words(ENGLISH) == DefaultTokenizer(use_stemmer=False).tokenize(ENGLISH)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Größe über Café", ["größe", "über", "café"]),
        ("cafe\u0301", ["café"]),
        ("我爱 tea茶", ["我", "爱", "tea", "茶"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("Привет, мир!", ["привет", "мир"]),
        (" ?! ", []),
    ],
)
def test_letters_of_other_alphabets_are_letters(text: str, words: list[str]):
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("8-6-5.", "eight six five"),
        ("Eight, SIX five", "eight six five"),
        ("\u2018Don\u2019t\u2019 stop, rock 'n' roll'", "don't stop rock n roll"),
        ("\uff18 \u0666", "eight six"),
        ("...", ""),
    ],
)
def test_transcripts_are_compared_without_punctuation_case_and_digits(text: str, same: str):
    assert normalise_speech(text) == same


def test_answers_are_compared_but_for_white_space():
    assert normalise_answer("  a\n b\t") == "a b"
    assert normalise_answer("cafe\u0301") == normalise_answer("café")
    assert normalise_answer("A.") != normalise_answer("a")
