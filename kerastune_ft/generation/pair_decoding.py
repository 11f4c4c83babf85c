"""What the loop over tokens asks of an encoder-decoder: the encoder once, then one token after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.language.generator import task_class
from kerastune_ft.backbones.language.pair_input import DECODER_MASK, DECODER_TOKENS, ENCODER_MASK, ENCODER_TOKENS
from kerastune_ft.generation import hub_calls
from kerastune_ft.generation.decoding import TOKENS, Decoding
from kerastune_ft.input.language.pair_rows import PairSettings


class PairDecoding(Decoding):
    """An encoder-decoder of keras-hub; a prompt is the tokens of the text that it reads, int32 [tokens]."""

    def __init__(self, body: keras.Model, settings: PairSettings) -> None:
        """`body` is the backbone, whose variables are shared and may change between calls."""
        self.settings = settings
        self.positions = settings.given.maximum_length or max(settings.limits[1], settings.given.default_length)
        self.longest = settings.limits[0]
        self._task = task_class(body)(backbone=body, preprocessor=None)
        self._start = np.array(settings.given.decoder_start, np.int32)

    def count(self, prompt: np.ndarray) -> int:
        """Return how many tokens stand before everything that is written."""
        return len(self._start)

    def measure(self, prompt: np.ndarray) -> int:
        """Return how many tokens the text has that is read."""
        return len(prompt)

    def find_room(self, length: int, most: int) -> int:
        """Return the tokens that stand before what is written: what is read stands in rows of its own."""
        return most

    def arrange(self, prompts: Sequence[np.ndarray], length: int, total: int) -> dict[str, np.ndarray]:
        """Return the rows that are read with their mask, and the tokens that are written first."""
        read = np.full((len(prompts), length), self.settings.given.pad, np.int32)
        mask = np.zeros((len(prompts), length), np.int32)
        for row, prompt in enumerate(prompts):
            read[row, : len(prompt)], mask[row, : len(prompt)] = prompt, 1
        tokens = np.zeros((len(prompts), total), np.int32)
        tokens[:, : len(self._start)] = self._start
        return {TOKENS: tokens, ENCODER_TOKENS: read, ENCODER_MASK: mask}

    def begin(self, inputs: Mapping[str, tf.Tensor]) -> Any:
        """Return what the encoder makes of texts, and keys and values of it and of the first tokens, by layer."""
        tokens = inputs[TOKENS]
        given = {**inputs, DECODER_TOKENS: tokens, DECODER_MASK: tf.ones_like(tokens)}
        return hub_calls.build_pair_cache(self._task, given)

    def step(
        self, inputs: Mapping[str, tf.Tensor], tokens: tf.Tensor, state: Any, index: tf.Tensor
    ) -> tuple[tf.Tensor, Any]:
        """Return the scores after a token, and the state with its keys and values."""
        return hub_calls.call_pair_with_cache(self._task, tokens, inputs[ENCODER_MASK], state, index)
