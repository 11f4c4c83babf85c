"""Transcripts written with a cache are those of whole passes, whatever stands beside them, and of allowed tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import keras_hub
import numpy as np
import pytest

from kerastune_ft.backbones.hub.audio import audio_encoder
from kerastune_ft.backbones.speech.speech_input import SpeechInput
from kerastune_ft.backbones.speech.speech_tokens import byte_speech_tokens
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.facts.transcripts import TRANSCRIPTS
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.speech_writer import SpeechWriter
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.input.speech.transcripts import SpeechSettings

_SAMPLES, _NEW = 1600, 4
_OPTIONS = Generation(max_new_tokens=_NEW)


_CLASSES = {
    "WhisperBackbone": {"num_layers": 1},
    # Heads that are wider than what they divide, as in the larger of the published models.
    "MoonshineBackbone": {"encoder_num_layers": 1, "decoder_num_layers": 2, "pad_head_dim_to_multiple_of": 6},
}


@pytest.fixture(scope="module", params=_CLASSES)
def body(request: pytest.FixtureRequest) -> Any:
    name = request.param
    keras.utils.set_random_seed(4)
    made = getattr(keras_hub.models, name)(**{**HUB_FAMILIES[name].small, **_CLASSES[name]})
    for variable in made.trainable_variables:
        if len(variable.shape) > 1:
            # Of weights near zero every sound would get the same text.
            variable.assign(keras.random.normal(variable.shape, stddev=0.4, seed=len(variable.path)))
    return made


def _settings(unwritten: tuple[int, ...] = (), prompt: tuple[int, ...] = (2, 9)) -> SpeechSettings:
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    given = SpeechInput(16_000, _SAMPLES, tokenizer=tokenizer, tokens=byte_speech_tokens(), maximum_length=64)
    return SpeechSettings(given, prompt, Clip(16_000, _SAMPLES), 64, (64,), unwritten)


def _draw_sounds() -> list[Any]:
    time = np.arange(_SAMPLES) / 16_000
    return [np.float32(0.3 * np.sin(2 * np.pi * pitch * time)) for pitch in (300, 2500)]


def _write_plainly(body: Any, settings: SpeechSettings, sound: np.ndarray) -> list[int]:
    """Write a transcript by whole passes over all of it, without a cache."""
    sounds = audio_encoder(body, None).inputs(sound[np.newaxis])
    tokens = list(settings.prompt)
    for step in range(_NEW):
        ids = np.array([tokens], np.int32)
        given = {**sounds, "decoder_token_ids": ids, "decoder_padding_mask": np.ones_like(ids)}
        hidden = body(keras.tree.map_structure(keras.ops.convert_to_tensor, given))["decoder_sequence_output"]
        scores = np.array(body.token_embedding(hidden[:, -1], reverse=True))[0]
        scores[list(settings.unwritten)] = -np.inf
        if step == 0:
            scores[list(settings.tokens.never_first)] = -np.inf
        tokens.append(int(scores.argmax()))
        if tokens[-1] == settings.tokens.end:
            return tokens[len(settings.prompt) : -1]
    return tokens[len(settings.prompt) :]


def test_transcripts_are_those_of_whole_passes_alone_and_together(body: Any) -> None:
    settings, sounds = _settings(), _draw_sounds()
    writer = SpeechWriter(body, settings)
    together = writer.write(sounds, _OPTIONS, 0)
    expected = [_write_plainly(body, settings, sound) for sound in sounds]
    assert [answer.tokens.tolist() for answer in together] == expected
    assert writer.write(sounds[1:2], _OPTIONS, 0)[0].tokens.tolist() == expected[1]
    assert len({tuple(tokens) for tokens in expected}) > 1, "the weights say nothing of the sounds"


def test_some_tokens_are_never_written(body: Any) -> None:
    (first, *_), = [_write_plainly(body, _settings(), sound) for sound in _draw_sounds()[:1]]  # fmt: skip
    settings = _settings((first,))
    given = replace(settings.given, tokens=replace(settings.tokens, times=200))
    settings = replace(settings, given=given)
    (answer,) = SpeechWriter(body, settings).write(_draw_sounds()[:1], _OPTIONS, 0)
    assert first not in answer.tokens.tolist() and max(answer.tokens) < 200


def test_transcripts_are_those_that_keras_hub_writes(body: Any) -> None:
    name = TRANSCRIPTS[type(body).__name__].task
    if not name:
        pytest.skip("keras-hub writes down no sounds with it")
    sounds = [np.concatenate([sound[:length], np.zeros(_SAMPLES - length)]) for sound, length in zip(
        _draw_sounds(), (1300, 1600), strict=True)]  # fmt: skip
    settings, length = _settings(prompt=(2,)), 12
    answers = SpeechWriter(body, settings).write(sounds, Generation(max_new_tokens=length - 1), 0)
    tokens = np.zeros((2, length), np.int32)
    tokens[:, 0] = 2
    given = {
        "encoder_input_values": np.stack(sounds)[..., None].astype("float32"),
        "encoder_padding_mask": np.arange(_SAMPLES) < np.array([[1300], [1600]]),
        "decoder_token_ids": tokens,
        "decoder_padding_mask": np.arange(length) < np.array([[1], [1]]),
    }
    task = getattr(keras_hub.models, name)(backbone=body, preprocessor=None)
    task.compile(sampler="greedy")
    written = task.generate(given, stop_token_ids=[settings.tokens.end])["decoder_token_ids"][:, 1:].tolist()
    for answer, expected in zip(answers, written, strict=True):
        assert answer.tokens.tolist() == expected[: len(answer.tokens)]
        assert len(answer.tokens) == length - 1 or expected[len(answer.tokens)] == settings.tokens.end
    assert written[0] != written[1], "the weights say nothing of the sounds"


def test_sounds_are_fitted_to_the_model(body: Any) -> None:
    writer = SpeechWriter(body, _settings())
    assert writer.fit(np.zeros(500, np.float32), 8000).shape == (_SAMPLES,)
    assert writer.fit(np.zeros(90_000, np.float32), 48_000).shape == (_SAMPLES,)
