"""A model of speech as export and comparison see it: sounds as its class takes them and tokens in, scores out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import keras_hub
import numpy as np

from kerastune_ft.backbones.hub.audio import audio_encoder
from kerastune_ft.backbones.speech.speech_input import SOUND
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.config.facts.transcripts import TRANSCRIPTS
from kerastune_ft.graph.rebuild.hub_layers import repair_layer
from kerastune_ft.input.texts.tokenise import read_tokenizer_files

HIDDEN = "decoder_sequence_output"
"""The output of the backbone that its embeddings make scores of."""


class ScoredSpeech:
    """The backbone of keras-hub with the trained weights, which gives scores."""

    hidden = HIDDEN
    preprocessor = None

    def __init__(self, body: Any, tokenizer: Any, limit: int | None = None) -> None:
        """`tokenizer` is that of the run, `limit` the most tokens of its transcripts."""
        self.backbone, self._tokenizer, self._limit = body, tokenizer, limit
        repair_layer(body)
        self.class_name = type(body).__name__
        self._known = TRANSCRIPTS[self.class_name]

    def __call__(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        """Return the scores [batch, length, vocabulary] of the next tokens."""
        hidden = self.backbone(dict(inputs), training=training)[HIDDEN]
        return self.backbone.token_embedding(hidden, reverse=True)

    def save_to_preset(self, folder: str) -> None:
        """Write backbone, converter of sounds, and the tokenizer where it has files.

        Where keras-hub has a model that writes down sounds with them, that is in the preset too.
        """
        if self.has_files and self._known.task:
            self._make_task().save_to_preset(folder)
            return
        self.backbone.save_to_preset(folder)
        self._make_converter().save_to_preset(folder)
        if self.has_files:
            self._tokenizer.save_to_preset(folder)

    @property
    def has_files(self) -> bool:
        """Whether the tokenizer is in the preset; one of bytes has nothing to be written."""
        return bool(read_tokenizer_files(self._tokenizer))

    @property
    def use(self) -> str:
        """Return how the preset is opened."""
        if self.has_files and self._known.task:
            # Without a text keras-hub begins a transcript with two tokens of its start.
            return (
                "import keras_hub\n\n"
                f'model = keras_hub.models.{self._known.task}.from_preset("preset")\n'
                'model.compile(sampler="greedy")\n'
                "# float32 [sounds, samples], with zeros up to the length of the run's sounds\n"
                f'print(model.generate({{"audio": samples, "text": [""] * len(samples)}}, max_length={self._limit}))'
            )
        name = f'{type(self._tokenizer).__name__}.from_preset("preset")'
        tokens = name if self.has_files else "ByteTokenizer(lowercase=False)"
        return (
            "import keras_hub\n\n"
            f'body = keras_hub.models.{self.class_name}.from_preset("preset")\n'
            f'converter = keras_hub.layers.{self._known.converter}.from_preset("preset")\n'
            f"tokenizer = keras_hub.tokenizers.{tokens}"
        )

    def _make_converter(self) -> Any:
        mels = getattr(self.backbone, "num_mels", None)
        return getattr(keras_hub.layers, self._known.converter)(**({} if mels is None else {"num_mels": mels}))

    def _make_task(self) -> Any:
        kind = getattr(keras_hub.models, self._known.task)
        preprocessor = kind.preprocessor_cls(self._make_converter(), self._tokenizer)
        return kind(backbone=self.backbone, preprocessor=preprocessor)


def make_rows(serving: Any, rows: Sequence[Any]) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    """Return rows of sounds and tokens, by the names of the saved model of a run, as the backbone takes them."""
    make_inputs, samples = audio_encoder(serving.body, None).inputs, serving.speech.clip.samples
    sounds = keras.Input((samples,), dtype="float32")
    given_sounds = keras.Model(sounds, make_inputs(sounds))
    found = []
    for inputs, targets in rows:
        sound = np.zeros((1, samples), np.float32)
        given = inputs[SOUND][:, :samples]
        sound[:, : given.shape[1]] = given
        tokens = {f"decoder_{name}": np.asarray(inputs[name]) for name in (TOKEN_IDS, PADDING_MASK)}
        heard = {name: np.asarray(value) for name, value in given_sounds(sound).items()}
        found.append(({**heard, **tokens}, targets))
    return found
