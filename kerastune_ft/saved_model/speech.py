"""The saved model of speech: sounds and tokens in, keras-hub's own backbone inside with what it takes of sounds.

It ends at hidden states; the embeddings of the backbone inside make scores of them, so that its weights are there once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.run import is_inner
from kerastune_ft.backbones.speech.speech_input import SOUND
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.config.facts.transcripts import TRANSCRIPTS
from kerastune_ft.input.sounds.resample import resample
from kerastune_ft.input.speech.transcripts import SpeechSettings
from kerastune_ft.input.texts.lengths import assign_buckets
from kerastune_ft.input.texts.tokenise import read_tokenizer_files
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.saved_model.language import measure_scores
from kerastune_ft.saved_model.texts import TOKENIZER
from kerastune_ft.tasks.base import Task

_TOKENS = (TOKEN_IDS, PADDING_MASK)


class SpeechServing(Serving):
    """Takes sounds [batch, samples] of any length and rows of tokens, and gives hidden states of the next tokens."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, speech: SpeechSettings) -> None:
        """`trained` is the model of a session, or the backbone of keras-hub that lies in a run."""
        super().__init__(trained, task, settings)
        self.speech = speech

    @property
    def body(self) -> Any:
        """Return the backbone of keras-hub with the trained weights."""
        generator = getattr(self.task, "generator", None)
        known = {variable.path: variable for variable in self.trained.variables}
        return self.trained if generator is None else generator.take(known)

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return the model to save: a dict of `sound`, `token_ids` and `padding_mask` to hidden states."""
        from kerastune_ft.backbones.hub.audio import audio_encoder

        inputs, taken = self.begin(SOUND)
        body = self.body
        given = {f"decoder_{name}": taken[name] for name in _TOKENS}
        given |= audio_encoder(body, None).inputs(taken[SOUND])
        hidden = body(given)["decoder_sequence_output"]
        return keras.Model(inputs, hidden, name=self.settings.name)

    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return sounds of any length and rows of tokens as symbolic inputs, and the sounds of the model's length."""
        samples = self.speech.clip.samples
        sounds = keras.Input((None,), name=name, dtype="float32")
        tokens = {each: keras.Input((None,), dtype="int32", name=each) for each in _TOKENS}
        fitted = keras.ops.pad(sounds, [[0, 0], [0, samples]])[:, :samples]
        return {name: sounds, **tokens}, {name: fitted, **tokens}

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: sounds, and the tokens before, in and after transcripts."""
        own, tokens, tokenizer = self.speech, self.speech.tokens, self.speech.given.tokenizer
        has_files, name = bool(read_tokenizer_files(tokenizer)), type(self.body).__name__
        known = TRANSCRIPTS[name]
        return {
            "input": "a dict of sound, float32 [batch, samples] of one channel, -1 to 1, of any length, and token_ids "
            "and padding_mask, int32 [batch, length]",
            "sample_rate": own.clip.sample_rate,
            "resampling": "scipy.signal.resample_poly, before the model",
            "samples": own.clip.samples,
            "seconds": own.clip.seconds,
            "tokenizer": {
                "class": type(tokenizer).__name__,
                "folder": "tokenizer" if has_files else None,
                "open_with": 'keras_hub.tokenizers.Tokenizer.from_preset("tokenizer")' if has_files else "keras_hub",
            },
            "prompt": list(own.prompt),
            "end": tokens.end,
            "padding": tokens.pad,
            "unwritten": list(own.unwritten),
            "never_first": list(tokens.never_first),
            "times": tokens.times,
            "sequence_length": own.limit,
            "backbone": name,
            "generates_with": known.task or None,
            "inside_the_model": [
                "silence after shorter sounds, longer ones cut",
                known.inside,
                self.settings.preprocessing,
            ],
            "output": "hidden states; token_embedding(states, reverse=True) of the backbone inside gives the "
            f"{self.task.output_name}",
        }

    def files(self) -> dict[str, bytes]:
        """Return the content of the files that keras-hub opens the tokenizer from, by path."""
        return {f"{TOKENIZER}/{name}": each for name, each in read_tokenizer_files(self.speech.given.tokenizer).items()}

    def samples(self, source: Any, indices: Sequence[int]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Return sounds of their own lengths with rows of tokens, and the tokens to learn, one example each."""
        rows = self.speech.pack([source.label_texts[index] for index in indices])
        sizes = np.asarray(self.speech.sizes)[assign_buckets(rows.lengths, self.speech.sizes)]
        found: list[tuple[Mapping[str, Any], Mapping[str, Any]]] = []
        for place, (index, size) in enumerate(zip(indices, sizes, strict=True)):
            example = source.read_input(tf.constant(index, tf.int64))
            sound = resample(np.asarray(example["samples"]), int(example["rate"]), self.speech.clip.sample_rate)
            inputs, targets = rows.pad(np.array([place]), int(size), self.speech.tokens.pad)
            found.append(({SOUND: sound[np.newaxis], **inputs}, targets))
        return found

    def call(self, model: keras.Model, samples: Sequence[Any]) -> np.ndarray:
        """Return for each sample the summed loss of its tokens by the scores of a saved model, and their number."""
        body = next(layer for layer in model.layers if is_inner(layer))

        def score(inputs: Mapping[str, Any]) -> np.ndarray:
            hidden = model(dict(inputs), training=False)
            return np.asarray(body.token_embedding(hidden, reverse=True))

        return np.array([measure_scores(score(inputs), targets) for inputs, targets in samples])
