from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras_hub
import pytest

from kerastune_ft.errors import ConfigError, PromiseError
from kerastune_ft.exporting.tokenizers import byte_pair
from kerastune_ft.exporting.tokenizers.build import make_portable
from kerastune_ft.exporting.tokenizers.hard_texts import HARD_TEXTS
from kerastune_ft.input.texts.tokenise import tokenise_texts
from tests.support.small_tokenizers import XLM, make_byte_pairs, make_pieces, make_word_pieces

_KINDS: dict[str, tuple[Callable[[], Any], str]] = {
    "word pieces": (lambda: make_word_pieces(lowercase=True, strip_accents=True), "tokenizers"),
    "byte pairs": (make_byte_pairs, "tokenizers"),
    "byte pairs after a blank": (lambda: make_byte_pairs(add_prefix_space=True), "tokenizers"),
    "bytes": (lambda: keras_hub.tokenizers.ByteTokenizer(lowercase=False), "tokenizers"),
    "pieces": (make_pieces, "sentencepiece"),
    "pieces with a beginning": (
        lambda: keras_hub.tokenizers.SentencePieceTokenizer(proto=make_pieces().proto, add_bos=True), "sentencepiece",
    ),
    "pieces moved up": (lambda: make_pieces(keras_hub.tokenizers.XLMRobertaTokenizer, **XLM), "sentencepiece"),
}  # fmt: skip


@pytest.mark.parametrize("kind", _KINDS)
def test_a_portable_tokenizer_gives_the_tokens_of_keras_hub(kind: str) -> None:
    make, library = _KINDS[kind]
    tokenizer = make()
    made = make_portable(tokenizer, ["words of a run"], "bert")
    assert made.about["library"] == library
    assert list(made.files) == [made.about["file"]]
    wanted = tokenise_texts(tokenizer, HARD_TEXTS)
    assert [made.encode(text) for text in HARD_TEXTS] == [wanted[number].tolist() for number in range(len(wanted))]


def test_ids_of_pieces_that_are_moved_up_are_told() -> None:
    about = make_portable(make_pieces(keras_hub.tokenizers.XLMRobertaTokenizer, **XLM), [], "xlm").about
    assert about["shift"] == 1 and about["ids"] == {"0": 3}


def test_other_tokens_are_refused_with_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = byte_pair.make_portable(make_byte_pairs(add_prefix_space=True))
    monkeypatch.setattr(byte_pair, "make_portable", lambda tokenizer: changed)
    with pytest.raises(PromiseError, match=r"other tokens in tokenizers than in keras-hub, as for .*export as keras"):
        make_portable(make_byte_pairs(), [], "roberta")


def test_a_tokenizer_that_no_library_has_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"UnicodeCodepointTokenizer.*export as keras"):
        make_portable(keras_hub.tokenizers.UnicodeCodepointTokenizer(), [], "some backbone")


def test_bytes_that_are_changed_first_are_refused() -> None:
    with pytest.raises(ConfigError, match="folds cases"):
        make_portable(keras_hub.tokenizers.ByteTokenizer(lowercase=True), [], "some backbone")
