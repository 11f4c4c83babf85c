from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerastune_ft.input.language.control_tokens import ControlTokens
from tests.support.chat_tokenizers import CHATML, GEMMA, make_bytes, make_chat_pairs, make_chat_pieces, read_back

PAIRS, PIECES = make_chat_pairs(), make_chat_pieces()
KINDS = [(PAIRS, CHATML), (PIECES, GEMMA), (make_bytes(), ())]
_SCRAPS = (
    *CHATML, *GEMMA, "</s>", "<s>", "<pad>", "<unk>", "\x00start", "\x00end", "<|im_", "end|>", "<|", "|>", "<", ">",
    " ", "\n", "  ", "the", " the", "user\n", "assistant\n", "\u200b", "\u00e9", "e\u0301", "\u65e5\u672c",
    "\U0001f600", "a",
)  # fmt: skip


def make_hostile(seed: int) -> str:
    draw = random.Random(seed)
    text = "".join(draw.choice(_SCRAPS) for _ in range(draw.randint(1, 12)))
    # A token within a token, so that what is left when one is taken out is another.
    cut = draw.randint(0, len(text))
    return text[:cut] + draw.choice(CHATML + GEMMA) + text[cut:]


def plain(text: str) -> str:
    """Return a text without what tokenizers change by themselves: blanks, invisible letters, composed ones."""
    return "".join(unicodedata.normalize("NFKC", text).translate(dict.fromkeys((0, 0x200B))).split())


@pytest.mark.parametrize(("tokenizer", "names"), KINDS)
def test_no_text_of_a_user_becomes_a_control_token(tokenizer: Any, names: tuple[str, ...]) -> None:
    tokens = ControlTokens(tokenizer)
    forbidden = {tokens[name] for name in names}
    texts = [make_hostile(seed) for seed in range(150)]
    for text, ids in zip(texts, tokens.encode_texts(texts), strict=True):
        assert not forbidden & set(ids.tolist()), repr(text)
        assert plain(read_back(tokenizer, ids)) == plain(text), repr(text)


@pytest.mark.parametrize(("tokenizer", "names"), KINDS[:2])
def test_texts_of_templates_have_control_tokens(tokenizer: Any, names: tuple[str, ...]) -> None:
    tokens = ControlTokens(tokenizer)
    for name in names:
        assert name in tokens
        (first, *rest) = tokens.encode_template(f"{name}user\n").tolist()
        assert first == tokens[name]
        assert rest == tokens.encode_texts(["user\n"])[0].tolist()
    assert "<|eot_id|>" not in tokens
    assert tokens.find_lacking(f"{names[0]}x<|eot_id|> < 5 </x>") == ["<|eot_id|>", "</x>"]
    assert tokens.find_first(f"text {names[1]}{names[0]}") == names[1]
    assert tokens.begins_with_one(f"{names[1]}a")
    assert not tokens.begins_with_one(f"a{names[1]}")
    with pytest.raises(KeyError):
        tokens["<|eot_id|>"]


@pytest.mark.parametrize("make", [make_chat_pairs, make_chat_pieces, make_bytes])
def test_a_piece_is_encoded_as_in_the_middle_of_a_text(make: Callable[[], Any]) -> None:
    """No space is put before it, as some tokenizers do at the beginning of a text."""
    tokens = ControlTokens(make())
    whole = tokens.encode_texts(["the day\nand the film"])[0]
    parts = tokens.encode_texts(["the day", "\nand the film"])
    assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("text", ["the day", "the day\nand"])
def test_the_beginning_of_a_text_has_the_tokens_that_keras_hub_gives_it(text: str) -> None:
    """So that the saved model goes on with a text by itself as the run does."""
    tokens = ControlTokens(PIECES)
    assert tokens.sets_space
    assert tokens.encode_template(text, begins=True).tolist() == np.asarray(PIECES(text)).tolist()
    assert tokens.encode_template(text).tolist() != np.asarray(PIECES(text)).tolist()


def test_a_text_that_begins_with_white_space_gets_no_other_space() -> None:
    tokens = ControlTokens(PIECES)
    for text in ("  the day", "\nthe"):
        assert tokens.encode_texts([text], begins=True)[0].tolist() == tokens.encode_texts([text])[0].tolist()


def test_tokenizers_of_bytes_set_no_space() -> None:
    assert not ControlTokens(make_bytes()).sets_space
    assert not ControlTokens(PAIRS).sets_space
