"""The words of texts, as metrics of written texts compare them."""

from __future__ import annotations

import re
import unicodedata

# Scripts that put no spaces between words: each of their signs is a word of its own.
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORDS = re.compile(rf"[{_SIGNS}]|[^ {_SIGNS}]+")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_APOSTROPHES = str.maketrans("\u2018\u2019\u02bc", "'''")


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case: runs of letters and digits, without any stemming.

    Of texts in ASCII they are those of the package rouge-score (0.1.2) without its stemmer. Letters of other alphabets
    are letters here, which that package leaves out, and each Chinese or Japanese sign is a word.
    """
    return _WORDS.findall(_leave_letters(unicodedata.normalize("NFC", text).lower()))


def normalise_speech(text: str) -> str:
    """Return a transcript as errors are counted in it: words in lower case with single spaces between.

    Punctuation is left out but for apostrophes inside words, compatible characters are made the same (NFKC), and every
    digit is an English word of its own, so that "8-6-5." and "eight six five" are the same.
    """
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).lower()
    spelt = "".join(f" {_DIGITS[unicodedata.digit(sign)]} " if sign.isdecimal() else sign for sign in plain)
    words = (word.strip("'") for word in _leave_letters(spelt, "'").split())
    return " ".join(filter(None, words))


def normalise_answer(text: str) -> str:
    """Return an answer as it is compared for equality: without white space at its ends, runs of it being one space.

    Letters that can be written in two ways are made the same (NFC); case and punctuation count.
    """
    return " ".join(unicodedata.normalize("NFC", text).split())


def _leave_letters(text: str, kept: str = "") -> str:
    """Return a text with a space for every sign that is neither letter nor digit, nor a mark on one, nor kept."""
    return "".join(sign if sign.isalnum() or sign in kept or _is_mark(sign) else " " for sign in text)


def _is_mark(sign: str) -> bool:
    """Return whether a sign belongs to the letter before it, as vowel signs of Indic scripts do."""
    return unicodedata.category(sign).startswith("M")
