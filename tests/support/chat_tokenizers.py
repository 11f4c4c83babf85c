"""Tokenizers of a few tokens that have the control tokens of chats, of the kinds that models of chats have."""

from __future__ import annotations

from typing import Any

import keras_hub
import numpy as np

from kerastune_ft.backbones.language.language_input import LanguageInput
from tests.support.small_tokenizers import BYTE_LETTERS, make_pieces

CHATML = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
GEMMA = ("<start_of_turn>", "<end_of_turn>")
_MERGES = ["t h", "th e", "a n", "i n", "Ġ the", "Ġ a", "o n", "Ċ Ċ", "i m", "e n", "en d"]


def make_chat_pairs() -> Any:
    """Return a byte-pair tokenizer with the tokens of ChatML."""
    tokens = dict.fromkeys([*CHATML, *BYTE_LETTERS, *(merge.replace(" ", "") for merge in _MERGES)])
    return keras_hub.tokenizers.BytePairTokenizer(
        vocabulary={token: number for number, token in enumerate(tokens)},
        merges=_MERGES,
        unsplittable_tokens=list(CHATML),
    )


def make_chat_pieces() -> Any:
    """Return a SentencePiece tokenizer with the tokens of Gemma and bytes for what it does not know."""
    return make_pieces(user_defined_symbols=[*GEMMA, "\n"], byte_fallback=True, vocab_size=340)


def make_bytes() -> Any:
    """Return the tokenizer whose tokens are bytes."""
    return keras_hub.tokenizers.ByteTokenizer(lowercase=False)


def make_input(tokenizer: Any) -> LanguageInput:
    """Return a tokenizer with start 2 and end 3."""
    names = ("token_ids", "padding_mask")
    return LanguageInput(tokenizer, names, (2,), (3,), (3,), 0, maximum_length=None, default_length=512)


def read_back(tokenizer: Any, ids: np.ndarray) -> str:
    """Return tokens as the text that they stand for."""
    return str(tokenizer.detokenize(np.asarray(ids, np.int32)))
