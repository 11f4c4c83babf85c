"""What the loop over tokens asks of a model that writes down sounds: the encoder once, then one token after the other.

Keys and values of the sound and of the tokens before are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.hub.audio import audio_encoder
from kerastune_ft.backbones.speech.speech_input import SOUND
from kerastune_ft.config.facts.transcripts import TRANSCRIPTS
from kerastune_ft.generation import hub_calls
from kerastune_ft.generation.decoding import TOKENS, Decoding
from kerastune_ft.input.speech.transcripts import SpeechSettings

# Subtracted from the scores of tokens that are never written.
_NEVER = -1e9


class SpeechDecoding(Decoding):
    """A backbone of keras-hub that writes down a sound; a prompt is its samples, float32, of the model's length.

    Tokens of signs that are not spoken are not written, nor times, nor what no transcript begins with.
    """

    def __init__(self, body: Any, settings: SpeechSettings) -> None:
        """`body` is the backbone, whose variables are shared and may change between calls."""
        self.positions = settings.given.maximum_length
        self._settings = settings
        self._make_inputs = audio_encoder(body, None).inputs
        task = TRANSCRIPTS[type(body).__name__].task
        self._calls: _Calls = _TaskCalls(body, task) if task else _WhisperCalls(body)
        self._penalty, self._first = _find_penalties(settings, body.vocabulary_size)

    def count(self, prompt: np.ndarray) -> int:
        """Return how many tokens stand before every transcript."""
        return len(self._settings.prompt)

    def find_room(self, length: int, most: int) -> int:
        """Return the tokens that stand before what is written: sounds stand elsewhere."""
        return most

    def arrange(self, prompts: Sequence[np.ndarray], length: int, total: int) -> dict[str, np.ndarray]:
        """Return the sounds, and the tokens that stand before every transcript."""
        tokens = np.zeros((len(prompts), total), np.int32)
        tokens[:, : len(self._settings.prompt)] = self._settings.prompt
        return {TOKENS: tokens, SOUND: np.stack(prompts).astype(np.float32)}

    def begin(self, inputs: Mapping[str, tf.Tensor]) -> Any:
        """Return what the encoder makes of sounds, and keys and values of it and of the first tokens, by layer."""
        return self._calls.begin(self._make_inputs(inputs[SOUND]), inputs[TOKENS], len(self._settings.prompt))

    def step(
        self, inputs: Mapping[str, tf.Tensor], tokens: tf.Tensor, state: Any, index: tf.Tensor
    ) -> tuple[tf.Tensor, Any]:
        """Return the scores after a token, and keys and values with its own."""
        scores, state = self._calls.step(tokens, state, index)
        is_first = tf.cast(index == len(self._settings.prompt) - 1, scores.dtype)
        scores += tf.cast(self._penalty, scores.dtype) + is_first * tf.cast(self._first, scores.dtype)
        return scores, state


class _Calls(Protocol):
    """How the model of a class is called for one token after the other; graph functions."""

    def begin(self, sounds: Mapping[str, Any], tokens: tf.Tensor, given: int) -> Any:
        """Return what further calls need of sounds, as the backbone takes them, and of the `given` first tokens."""

    def step(self, tokens: tf.Tensor, state: Any, index: tf.Tensor) -> tuple[tf.Tensor, Any]:
        """Return the scores [rows, vocabulary] after `tokens` [rows, 1] at `index`, and the state with theirs."""


class _TaskCalls:
    """Calls what keras-hub generates with."""

    def __init__(self, body: Any, name: str) -> None:
        import keras_hub

        self._task = getattr(keras_hub.models, name)(backbone=body, preprocessor=None)

    def begin(self, sounds: Mapping[str, Any], tokens: tf.Tensor, given: int) -> Any:
        mask = tf.ones_like(tokens, tf.bool)
        return hub_calls.build_speech_cache(
            self._task, {**sounds, "decoder_token_ids": tokens, "decoder_padding_mask": mask}
        )

    def step(self, tokens: tf.Tensor, state: Any, index: tf.Tensor) -> tuple[tf.Tensor, Any]:
        return hub_calls.call_speech_with_cache(self._task, tokens, state, index)


class _WhisperCalls:
    """Calls the layers of a Whisper, of which keras-hub has nothing that generates."""

    def __init__(self, body: Any) -> None:
        self._body = body
        self._encoder = keras.Model(body.input["encoder_features"], body.output["encoder_sequence_output"])

    def begin(self, sounds: Mapping[str, Any], tokens: tf.Tensor, given: int) -> Any:
        heard = self._encoder(sounds["encoder_features"], training=False)
        body, (rows, total) = self._body, tokens.shape
        width = body.hidden_dim // body.num_heads
        own = tf.zeros([body.num_layers, rows, 2, total, body.num_heads, width], heard.dtype)
        others = tf.zeros([body.num_layers, rows, 2, heard.shape[1], body.num_heads, width], heard.dtype)
        _, own, others = self._decode(tokens[:, :given], heard, own, others, 0, is_first=True)
        return heard, own, others

    def step(self, tokens: tf.Tensor, state: Any, index: tf.Tensor) -> tuple[tf.Tensor, Any]:
        heard, own, others = state
        hidden, own, _ = self._decode(tokens, heard, own, others, index, is_first=False)
        return self._body.token_embedding(hidden[:, -1], reverse=True), (heard, own, others)

    def _decode(
        self, tokens: tf.Tensor, heard: tf.Tensor, own: tf.Tensor, others: tf.Tensor, index: Any, *, is_first: bool
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the hidden states of tokens that stand at `index`, and the keys and values of all layers."""
        body, of_tokens, of_sounds = self._body, [], []
        embeddings = body.decoder_embeddings
        hidden = embeddings.token_embedding(tokens)
        hidden = hidden + embeddings.position_embedding(hidden, start_index=index)
        for number, layer in enumerate(body.decoder_transformer_layers):
            hidden, known, seen = layer(
                decoder_sequence=hidden,
                encoder_sequence=heard,
                self_attention_cache=own[number],
                self_attention_cache_update_index=index,
                cross_attention_cache=others[number],
                cross_attention_cache_update_index=0 if is_first else None,
                training=False,
            )
            of_tokens.append(known)
            of_sounds.append(seen)
        hidden = body.decoder_layer_norm(hidden)
        return hidden, tf.stack(of_tokens), tf.stack(of_sounds) if is_first else others


def _find_penalties(settings: SpeechSettings, vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is added to the scores of all tokens, and beside it to those of the first of a transcript."""
    every, first = np.zeros(vocabulary, np.float32), np.zeros(vocabulary, np.float32)
    every[[number for number in settings.unwritten if number < vocabulary]] = _NEVER
    if settings.tokens.times is not None:
        every[settings.tokens.times :] = _NEVER
    first[list(settings.tokens.never_first)] = _NEVER
    return every, first
