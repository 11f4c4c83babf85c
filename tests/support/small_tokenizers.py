"""Tokenizers of keras-hub with vocabularies of a few tokens, of every kind that text backbones have."""

from __future__ import annotations

import io
from typing import Any

import keras_hub
import pytest

# As in GPT-2: a letter for each byte, those that are seen first.
_SEEN = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTE_LETTERS = [*map(chr, _SEEN), *(chr(0x100 + number) for number in range(256 - len(_SEEN)))]
_MERGES = ["t h", "th e", "a n", "i n", "Ġ the", "Ġ a", "o n", "Ã ©"]
_SENTENCES = [
    "the film is good and the day is warm",
    "a dull and cold film",
    "so on and on",
    "café crème, naïve 日本",
] * 5


def make_word_pieces(**options: Any) -> Any:
    """Return a tokenizer that knows the letters of several scripts, alone and within words, and a few words."""
    letters = [
        chr(code) for first, last in ((0x21, 0x24F), (0x370, 0x3FF), (0x3041, 0x30FF)) for code in range(first, last)
    ]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "##ing", "\u65e5", "\u672c", "strasse", "\ud55c"]
    return keras_hub.tokenizers.BertTokenizer(
        vocabulary=[*words, *letters, *(f"##{letter}" for letter in letters)], **options
    )


def make_byte_pairs(**options: Any) -> Any:
    """Return RoBERTa's tokenizer with eight merges."""
    tokens = dict.fromkeys(
        [*BYTE_LETTERS, *(merge.replace(" ", "") for merge in _MERGES), "<s>", "<pad>", "</s>", "<mask>"]
    )
    return keras_hub.tokenizers.RobertaTokenizer(
        vocabulary={token: number for number, token in enumerate(tokens)}, merges=_MERGES, **options
    )


def make_pieces(kind: type | None = None, **options: Any) -> Any:
    """Return a tokenizer of SentencePiece, trained on a few sentences; `kind` is its class, T5's by default.

    The test is skipped where nothing trains one, as among the packages of other stacks.
    """
    sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_SENTENCES), model_writer=model, model_type="unigram",
        vocab_size=options.pop("vocab_size", 60), hard_vocab_limit=False, minloglevel=2, **options,
    )  # fmt: skip
    return (kind or keras_hub.tokenizers.SentencePieceTokenizer)(proto=model.getvalue())


XLM = {"unk_id": 0, "bos_id": 1, "eos_id": 2, "unk_piece": "<unk>"}
"""Options of `make_pieces` for the numbers of XLM-RoBERTa's special tokens."""
