"""The tokenizer whose tokens are the bytes of a text, as byte pairs of which none are merged."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.tokenizers.base import PortableTokenizer
from kerastune_ft.exporting.tokenizers.byte_pair import from_json


def make_portable(tokenizer: Any) -> PortableTokenizer:
    """Return a tokenizer of bytes as tokenizer.json; raise ConfigError for one that changes texts first."""
    if tokenizer.lowercase or tokenizer.normalization_form:
        raise ConfigError(
            "its tokenizer of bytes folds cases or normalises, which no other library does in the same way"
        )
    made = Tokenizer(models.BPE({letter: number for number, letter in enumerate(_list_letters())}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return from_json(made.to_str().encode())


def _list_letters() -> list[str]:
    """Return the letter for each byte: as in GPT-2 its own where that is to be seen, else one from 256 on."""
    seen = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in seen else next(others)) for byte in range(0x100)]
