"""Makes the tokenizer of a run portable, and compares it with the run's own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting.tokenizers.base import PortableTokenizer
from kerastune_ft.exporting.tokenizers.hard_texts import HARD_TEXTS
from kerastune_ft.input.texts.tokenise import tokenise_texts

_KINDS: Mapping[str, str] = {
    "WordPieceTokenizer": "word_piece",
    "BytePairTokenizer": "byte_pair",
    "SentencePieceTokenizer": "sentence_piece",
    "ByteTokenizer": "bytes_as_tokens",
}
"""The module of each kind of tokenizer, by the class of keras-hub that its class descends from."""


def make_portable(tokenizer: Any, texts: Sequence[str], name: str) -> PortableTokenizer:
    """Return a tokenizer of keras-hub for other libraries, after comparing it on texts of the run and hard ones.

    `name` is that of the backbone, for messages. Raises ConfigError for a tokenizer that no library has, and
    PromiseError where a text gets other tokens.
    """
    kind = next((_KINDS[each.__name__] for each in type(tokenizer).__mro__ if each.__name__ in _KINDS), None)
    if kind is None:
        raise ConfigError(
            f"{name} has a tokenizer ({type(tokenizer).__name__}) that neither tokenizers nor sentencepiece has; "
            "export as keras, which uses keras-hub's own"
        )
    try:
        module = importlib.import_module(f"kerastune_ft.exporting.tokenizers.{kind}")
    except ImportError as missing:
        raise ConfigError(
            f"the tokenizer of {name} needs the package {missing.name}; install it: python -m pip install "
            '"kerastune_ft[export]"'
        ) from missing
    made: PortableTokenizer = module.make_portable(tokenizer)
    _compare(tokenizer, made, [*HARD_TEXTS, *texts], name)
    return made


def _compare(tokenizer: Any, made: PortableTokenizer, texts: Sequence[str], name: str) -> None:
    wanted = tokenise_texts(tokenizer, texts)
    for number, text in enumerate(texts):
        if made.encode(text) != wanted[number].tolist():
            shown = text if len(text) <= 80 else f"{text[:80]}..."
            raise PromiseError(
                f"the tokenizer of {name} ({type(tokenizer).__name__}) gives other tokens in {made.about['library']} "
                f"than in keras-hub, as for {shown!r}; export as keras, which uses keras-hub's own"
            )
