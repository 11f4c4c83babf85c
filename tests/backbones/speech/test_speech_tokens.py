"""The tokens around transcripts: prompts by language, and what is no speech."""

import keras_hub
import numpy as np
import pytest
from keras_hub.tokenizers import WhisperTokenizer

from kerastune_ft.backbones.speech.speech_tokens import SpeechTokens, byte_speech_tokens, find_speech_tokens
from kerastune_ft.errors import ConfigError
from tests.support.small_tokenizers import make_pieces

_SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>", "<|notimestamps|>")


def _tokenizer(languages: dict[str, int] | None = None) -> WhisperTokenizer:
    signs = ["\u0120", *"abcdefghijklmnopqrstuvwxyz()-'", "\u0120-", "\u0120("]
    vocabulary = {sign: number for number, sign in enumerate(signs)}
    special = {name: 100 + number for number, name in enumerate(_SPECIAL)}
    return WhisperTokenizer(vocabulary, ["\u0120 -", "\u0120 ("], special_tokens=special, language_tokens=languages)


def test_prompt_of_one_language() -> None:
    tokens = find_speech_tokens(_tokenizer())
    assert tokens.make_prompt(None, False, "it") == (101, 104)
    with pytest.raises(ConfigError, match=r"task\.language: it knows one language alone; remove it"):
        tokens.make_prompt("de", False, "it")
    with pytest.raises(ConfigError, match=r"task\.translate: it knows one language"):
        tokens.make_prompt(None, True, "it")


def test_prompt_of_several_languages() -> None:
    tokens = find_speech_tokens(_tokenizer({"<|en|>": 110, "<|de|>": 111}))
    assert tokens.make_prompt("de", False, "it") == (101, 111, 103, 104)
    assert tokens.make_prompt("en", True, "it") == (101, 110, 102, 104)
    with pytest.raises(ConfigError, match=r'missing; write the code .*"en" \(it knows 2: de, en\)$'):
        tokens.make_prompt(None, False, "it")
    with pytest.raises(ConfigError, match="it has no language 'xx'"):
        tokens.make_prompt("xx", False, "it")


def test_what_is_not_spoken() -> None:
    tokenizer = _tokenizer()
    tokens = find_speech_tokens(tokenizer)
    known = tokenizer.vocabulary
    assert {known[sign] for sign in ("(", ")", "\u0120-", "\u0120(")} <= set(tokens.unspoken)
    assert {known[sign] for sign in "abcxyz'"}.isdisjoint(tokens.unspoken)
    assert tokens.control == (101, 102, 103, 104)
    assert tokens.never_first == (known["\u0120"], 100)
    assert (tokens.end, tokens.pad, tokens.times, tokens.lead) == (100, 100, 105, " ")


def test_tokens_of_bytes() -> None:
    tokens = byte_speech_tokens()
    assert isinstance(tokens, SpeechTokens)
    assert tokens.make_prompt(None, False, "it") == (tokens.start,)
    assert tokens.end not in np.asarray(keras_hub.tokenizers.ByteTokenizer()("spoken words"))


def test_tokens_of_a_tokenizer_that_has_ends_alone() -> None:
    tokenizer = make_pieces(keras_hub.tokenizers.MoonshineTokenizer)
    known = tokenizer.vocabulary_size()
    tokens = find_speech_tokens(tokenizer, "ends", known)
    assert (tokens.start, tokens.end, tokens.pad, tokens.lead) == (1, 2, 0, "")
    assert tokens.make_prompt(None, False, "it") == (1,)
    # An empty transcript is one, as keras-hub writes it of silence.
    assert (tokens.control, tokens.never_first, tokens.unspoken, tokens.times) == ((0, 1), (), (), None)
    # Of the scores that no token belongs to none is written.
    assert find_speech_tokens(tokenizer, "ends", known + 768).times == known
    assert byte_speech_tokens("ends").never_first == () and byte_speech_tokens().never_first == (3,)
