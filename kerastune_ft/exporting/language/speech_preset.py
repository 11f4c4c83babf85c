"""A Whisper of a run as export and comparison see it: frames and tokens in, the scores of the next tokens out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import keras_hub
import numpy as np

from kerastune_ft.backbones.hub.audio import audio_encoder
from kerastune_ft.backbones.speech.speech_input import SOUND
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.input.texts.tokenise import read_tokenizer_files

HIDDEN = "decoder_sequence_output"
"""The output of the backbone that its embeddings make scores of."""
_FEATURES = "encoder_features"


class ScoredSpeech:
    """The backbone of keras-hub with the trained weights; it is no task of keras-hub, which has none for Whisper."""

    hidden = HIDDEN
    preprocessor = None

    def __init__(self, body: Any, tokenizer: Any) -> None:
        """`tokenizer` is that of the run."""
        self.backbone, self._tokenizer = body, tokenizer
        self.class_name = type(body).__name__

    def __call__(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        """Return the scores [batch, length, vocabulary] of the next tokens."""
        hidden = self.backbone(dict(inputs), training=training)[HIDDEN]
        return self.backbone.token_embedding(hidden, reverse=True)

    def save_to_preset(self, folder: str) -> None:
        """Write backbone, converter of sounds, and the tokenizer where it has files."""
        self.backbone.save_to_preset(folder)
        keras_hub.layers.WhisperAudioConverter(num_mels=self.backbone.num_mels).save_to_preset(folder)
        if self.has_files:
            self._tokenizer.save_to_preset(folder)

    @property
    def has_files(self) -> bool:
        """Whether the tokenizer is in the preset; one of bytes has nothing to be written."""
        return bool(read_tokenizer_files(self._tokenizer))

    @property
    def use(self) -> str:
        """Return how the preset is opened."""
        tokens = 'WhisperTokenizer.from_preset("preset")' if self.has_files else "ByteTokenizer(lowercase=False)"
        return (
            "import keras_hub\n\n"
            f'body = keras_hub.models.{self.class_name}.from_preset("preset")\n'
            'frames = keras_hub.layers.WhisperAudioConverter.from_preset("preset")\n'
            f"tokenizer = keras_hub.tokenizers.{tokens}"
        )


def make_rows(serving: Any, rows: Sequence[Any]) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    """Return rows of sounds and tokens, by the names of the saved model of a run, as the backbone takes them."""
    front, samples = audio_encoder(serving.body, None).front, serving.speech.clip.samples
    sounds = keras.Input((samples,), dtype="float32")
    make_frames = keras.Model(sounds, front(sounds))
    found = []
    for inputs, targets in rows:
        sound = np.zeros((1, samples), np.float32)
        given = inputs[SOUND][:, :samples]
        sound[:, : given.shape[1]] = given
        tokens = {f"decoder_{name}": np.asarray(inputs[name]) for name in (TOKEN_IDS, PADDING_MASK)}
        found.append(({_FEATURES: np.asarray(make_frames(sound)), **tokens}, targets))
    return found
