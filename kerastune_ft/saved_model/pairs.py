"""The saved model of an encoder-decoder: keras-hub's own, which writes texts with keras and keras-hub alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.language.generator import make_task
from kerastune_ft.input.language.pair_rows import PairSettings
from kerastune_ft.input.language.pair_shapes import assign_shapes
from kerastune_ft.input.texts.tokenise import read_tokenizer_files
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.saved_model.language import measure_scores
from kerastune_ft.saved_model.texts import TOKENIZER
from kerastune_ft.tasks.base import Task


class PairServing(Serving):
    """Takes two rows of tokens, a dict of int32 [batch, length], and gives scores of the token after each written."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, pairs: PairSettings) -> None:
        """`trained` is the model of a session, or the backbone of keras-hub that lies in a run."""
        super().__init__(trained, task, settings)
        self.pairs = pairs

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return keras-hub's model: called on rows of tokens it gives scores, and `generate` writes texts."""
        generator = getattr(self.task, "generator", None)
        known = {variable.path: variable for variable in self.trained.variables}
        body = self.trained if generator is None else generator.take(known)
        source, target = self.pairs.limits
        return make_task(
            body, self.pairs.given.tokenizer, encoder_sequence_length=source, decoder_sequence_length=target
        )

    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return rows of tokens as symbolic inputs, which the trained model takes as they are."""
        inputs = {each: keras.Input((None,), dtype="int32", name=each) for each in self.pairs.given.names}
        return inputs, dict(inputs)

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the rows of tokens of both texts."""
        own, given = self.pairs, self.pairs.given
        has_files = bool(read_tokenizer_files(given.tokenizer))
        return {
            "input": "a dict of int32 [batch, length] by name; the rows of the encoder and those of the decoder have a "
            "length each, up to sequence_length and target_length",
            "names": list(given.names),
            "tokenizer": {
                "class": type(given.tokenizer).__name__,
                "folder": "tokenizer" if has_files else None,
                "open_with": 'keras_hub.tokenizers.Tokenizer.from_preset("tokenizer")' if has_files else "keras_hub",
            },
            "start": list(given.start),
            "end": list(given.end),
            "decoder_start": list(given.decoder_start),
            "decoder_end": list(given.decoder_end),
            "padding": given.pad,
            "sequence_length": own.limits[0],
            "target_length": own.limits[1],
            "inside_the_model": [self.settings.preprocessing],
            "output": self.task.output_name,
        }

    def files(self) -> dict[str, bytes]:
        """Return the content of the files that keras-hub opens the tokenizer from, by path."""
        files = read_tokenizer_files(self.pairs.given.tokenizer)
        return {f"{TOKENIZER}/{name}": content for name, content in files.items()}

    def samples(self, source: Any, indices: Sequence[int]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Return rows of one example each with the tokens to learn, padded to the shapes of training."""
        rows, shapes = self.pairs.pack([source.read_dialogue(index) for index in indices]), self.pairs.shapes
        numbers = assign_shapes(rows.source_lengths, rows.target_lengths, shapes)
        pad = self.pairs.given.pad
        return [rows.pad(np.array([place]), shapes[number], pad) for place, number in enumerate(numbers)]

    def call(self, model: keras.Model, samples: Sequence[Any]) -> np.ndarray:
        """Return for each sample the summed loss of its tokens by a saved model's scores, and how many they are."""
        return np.array(
            [measure_scores(np.asarray(model(dict(inputs), training=False)), targets) for inputs, targets in samples]
        )
