"""A WordPiece tokenizer of keras-hub as a file of the library `tokenizers` that gives the same tokens.

keras-hub takes accents off, splits a text into words and punctuation, folds the case of each word by itself, and takes
words of more than 100 bytes for unknown. The library changes texts first and splits them afterwards, knows no case
folding, and counts characters. So a line break, which no word holds, is put wherever keras-hub splits before anything
is folded, what lower case does not fold is replaced letter by letter, and words are written as bytes, a letter each.
Letters that Unicode gained after the tables of this Python were made may be folded by one and not by the other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

import regex
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.tokenizers.base import PortableTokenizer
from kerastune_ft.exporting.tokenizers.byte_pair import from_json

# More bytes than that are one unknown token, as in tensorflow-text.
_MOST_BYTES = 100
_BREAK = "\n"
_BLANKS = r"[ \t\n\r\f]|\p{Cc}|\p{Cf}"
_PUNCTUATION = r"[!-/:-@\[-`{-~]|\p{P}"
# https://github.com/google-research/bert/blob/master/tokenization.py, _is_chinese_char
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
# Default_Ignorable_Code_Point of Unicode, which NFKC_Casefold leaves out.
_IGNORED = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_SURROGATES = range(0xD800, 0xE000)


def make_portable(tokenizer: Any) -> PortableTokenizer:
    """Return the tokenizer as tokenizer.json; raise ConfigError for one that is given words instead of texts."""
    if not tokenizer.split:
        raise ConfigError(
            f"its tokenizer ({type(tokenizer).__name__}) takes words that were split before, and no texts"
        )
    known = {token: number for number, token in enumerate(tokenizer.get_vocabulary())}
    made = Tokenizer(
        models.WordPiece(
            {_as_bytes(token): number for token, number in known.items()},
            unk_token=_as_bytes(tokenizer.oov_token),
            continuing_subword_prefix=tokenizer.suffix_indicator,
            max_input_chars_per_word=_MOST_BYTES,
        )
    )
    made.normalizer = normalizers.Sequence(_list_changes(tokenizer))
    made.pre_tokenizer = pre_tokenizers.Split(_as_bytes(_BREAK), "removed")
    if tokenizer.special_tokens_in_strings:
        special = dict.fromkeys([*tokenizer.special_tokens, *(tokenizer.get_config()["special_tokens"] or ())])
        made.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    return from_json(made.to_str().encode())


def _list_changes(tokenizer: Any) -> list[normalizers.Normalizer]:
    """Return what the library does to a text before it splits it, in order."""
    changes = []
    if tokenizer.strip_accents:
        changes += [normalizers.NFD(), normalizers.Replace(Regex(_find_marks()), "")]
    changes.append(normalizers.Replace(Regex(f"{_find_set(_BLANKS)}+"), _BREAK))
    alone = _find_set(_PUNCTUATION)
    if tokenizer.split_on_cjk:
        alone = f"{alone[:-1]}{_make_set(_list_codes(_IDEOGRAPHS))[1:]}"
    # The library loses count of where its letters come from where something is put before the first.
    changes += [normalizers.Prepend(_BREAK), normalizers.Replace(Regex(f"(?={alone})|(?<={alone})"), _BREAK)]
    if tokenizer.lowercase:
        changes += [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            *(normalizers.Replace(each, folded) for each, folded in _find_unfolded().items()),
            normalizers.NFKC(),
            normalizers.Replace(Regex(_make_set(_list_codes(_IGNORED))), ""),
        ]
    return [*changes, normalizers.ByteLevel()]


@cache
def _find_unfolded() -> dict[str, str]:
    """Return by letter what it folds to where compatible forms and lower case of the library leave it as it is."""
    composed, found = normalizers.NFKC(), {}
    for each in _list_characters():
        own = unicodedata.normalize("NFKC", each)
        is_left = each.lower() == each if own == each else composed.normalize_str(each) == each
        if is_left and (folded := unicodedata.normalize("NFKC", own.casefold())) != each:
            found[each] = folded
    return found


def _as_bytes(text: str) -> str:
    """Return a letter for each byte of a text, as the library writes bytes."""
    return str(normalizers.ByteLevel().normalize_str(text))


@cache
def _list_characters() -> tuple[str, ...]:
    return tuple(chr(code) for code in range(0x110000) if code not in _SURROGATES)


@cache
def _find_set(pattern: str) -> str:
    """Return the set of the letters that a pattern of keras-hub matches."""
    matches = regex.compile(pattern).match
    return _make_set(ord(each) for each in _list_characters() if matches(each))


@cache
def _find_marks() -> str:
    return _make_set(ord(each) for each in _list_characters() if unicodedata.category(each) == "Mn")


def _list_codes(ranges: Iterable[tuple[int, int]]) -> list[int]:
    return sorted(code for first, last in ranges for code in range(first, last + 1))


def _make_set(codes: Iterable[int]) -> str:
    """Return ascending codes as the set of a regular expression; the library's own tables may be of other years."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(f"\\x{{{first:X}}}-\\x{{{last:X}}}" for first, last in ranges) + "]"
