"""Transcripts as rows of tokens: what is learnt, what control tokens in them become, and what is never written."""

import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones.speech.speech_input import SpeechInput
from kerastune_ft.backbones.speech.speech_tokens import SpeechTokens, byte_speech_tokens
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.speech.transcripts import SpeechSettings, choose_limit, find_unwritten, pack_transcripts

_PROMPT = (2, 7)


def _given(tokens: SpeechTokens | None = None, longest: int = 32) -> SpeechInput:
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    return SpeechInput(
        16_000, 16_000, tokenizer=tokenizer, tokens=tokens or byte_speech_tokens(), maximum_length=longest
    )


def test_words_and_the_end_are_learnt_and_the_prompt_is_not() -> None:
    rows = pack_transcripts(["up  on\n", "off"], _given(), _PROMPT, 32)
    inputs, targets = rows.pad(np.array([0, 1]), 8, 0)
    assert inputs["token_ids"].tolist() == [[2, 7, *b"up on", 0], [2, 7, *b"off", 0, 0, 0]]
    assert inputs["padding_mask"].sum(1).tolist() == [7, 5]
    # The label of the last token of the prompt is the first word; that of the last word is the end.
    assert targets["labels"][:, :7].tolist() == [[7, *b"up on", 3], [7, *b"off", 3, 0, 0]]
    assert targets["weights"].tolist() == [[0, 1, 1, 1, 1, 1, 1, 0], [0, 1, 1, 1, 1, 0, 0, 0]]
    assert rows.lost.tolist() == [0, 0]


def test_what_is_too_long_loses_its_end() -> None:
    rows = pack_transcripts(["abcdefghij", "ab"], _given(), _PROMPT, 8)
    assert rows.lengths.tolist() == [8, 4] and rows.lost.tolist() == [4, 0]
    _, targets = rows.pad(np.array([0]), 8, 0)
    assert targets["labels"][0].tolist() == [7, *b"abcdefg"]


def test_lead_stands_before_the_first_word() -> None:
    tokens = SpeechTokens(2, 3, 0, lead=" ")
    rows = pack_transcripts([" on"], _given(tokens), (2,), 32)
    assert rows.read(0)[0].tolist() == [2, *b" on", 3]


def test_signs_of_the_training_may_be_written() -> None:
    tokens = SpeechTokens(2, 3, 0, control=(0, 2), unspoken=(ord("("), ord("[")))
    given = _given(tokens)
    rows = pack_transcripts(["a (b)", "a [b]"], given, (2,), 32)
    assert find_unwritten(given, rows, np.array([0]), (2,)) == (0, 2, ord("["))
    assert find_unwritten(given, rows, np.array([0, 1]), (2,)) == (0, 2)


def test_limits() -> None:
    assert choose_limit(_given(), None, _PROMPT) == 32
    assert choose_limit(_given(), 16, _PROMPT) == 16
    with pytest.raises(ConfigError, match=r"data\.target_length: 40 is more than the 32 positions"):
        choose_limit(_given(), 40, _PROMPT)
    with pytest.raises(ConfigError, match="leaves no room for words beside 6 special tokens; write at least 10"):
        choose_limit(_given(), 8, (2,) * 6)


def test_settings_come_back_from_a_plan() -> None:
    given = _given()
    settings = SpeechSettings(given, _PROMPT, Clip(16_000, 16_000), 32, (8, 32), (0, 2))
    plan = {"speech": settings.to_json(), "sound": settings.clip.to_json()}
    found = SpeechSettings.from_plan(plan, given.tokenizer)
    assert (found.prompt, found.clip, found.sizes, found.unwritten) == (_PROMPT, settings.clip, (8, 32), (0, 2))
    assert found.tokens == settings.tokens and found.given.own_samples == 16_000
