"""The saved model of a language model: keras-hub's own, which writes texts with keras and keras-hub alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.language.generator import make_task
from kerastune_ft.data.dialogues.turns import Dialogue
from kerastune_ft.input.language.language_loader import DialogueSettings
from kerastune_ft.input.texts.lengths import assign_buckets
from kerastune_ft.input.texts.tokenise import read_tokenizer_files
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.saved_model.texts import TOKENIZER
from kerastune_ft.tasks.base import Task


class LanguageServing(Serving):
    """Takes rows of tokens, a dict of int32 [batch, length], and gives scores of the token after each."""

    def __init__(
        self, trained: keras.Model, task: Task, settings: ServingSettings, dialogues: DialogueSettings
    ) -> None:
        """`trained` is the model of a session, or the backbone of keras-hub that lies in a run."""
        super().__init__(trained, task, settings)
        self.dialogues = dialogues

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return keras-hub's model: called on rows of tokens it gives scores, and `generate` writes texts."""
        generator = getattr(self.task, "generator", None)
        known = {variable.path: variable for variable in self.trained.variables}
        body = self.trained if generator is None else generator.take(known)
        return make_task(body, self.dialogues.given.tokenizer, sequence_length=self.dialogues.limit)

    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return rows of tokens as symbolic inputs, which the trained model takes as they are."""
        inputs = {each: keras.Input((None,), dtype="int32", name=each) for each in self.dialogues.given.names}
        return inputs, dict(inputs)

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the template of dialogues and the rows of tokens."""
        own, given = self.dialogues, self.dialogues.given
        has_files = bool(read_tokenizer_files(given.tokenizer))
        return {
            "input": "a dict of int32 [batch, length] by name; any length up to sequence_length does",
            "names": list(given.names),
            "tokenizer": {
                "class": type(given.tokenizer).__name__,
                "folder": "tokenizer" if has_files else None,
                "open_with": 'keras_hub.tokenizers.Tokenizer.from_preset("tokenizer")' if has_files else "keras_hub",
            },
            "template": own.template.to_json(),
            "start": list(given.start),
            "end": list(given.end),
            "padding": given.pad,
            "sequence_length": own.limit,
            "inside_the_model": [self.settings.preprocessing],
            "output": self.task.output_name,
        }

    def files(self) -> dict[str, bytes]:
        """Return the content of the files that keras-hub opens the tokenizer from, by path."""
        files = read_tokenizer_files(self.dialogues.given.tokenizer)
        return {f"{TOKENIZER}/{name}": content for name, content in files.items()}

    def samples(self, source: Any, indices: Sequence[int]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Return rows of one example each with the tokens to learn, padded to the lengths of training."""
        dialogues: list[Dialogue] = [source.read_dialogue(index) for index in indices]
        rows = self.dialogues.pack(dialogues)
        sizes = np.asarray(self.dialogues.sizes)[assign_buckets(rows.lengths, self.dialogues.sizes)]
        pad = self.dialogues.given.pad
        return [rows.pad(np.array([place]), int(size), pad) for place, size in enumerate(sizes)]

    def call(self, model: keras.Model, samples: Sequence[Any]) -> np.ndarray:
        """Return for each sample the summed loss of its tokens by the scores of a saved model, and their number."""
        return np.array(
            [measure_scores(np.asarray(model(dict(inputs), training=False)), targets) for inputs, targets in samples]
        )


def measure_scores(scores: np.ndarray, targets: Mapping[str, Any]) -> tuple[float, float]:
    """Return the summed loss of the tokens of one example, and how many they are.

    `scores` are [1, length, vocabulary], `targets` the `labels` and `weights` [1, length].
    """
    labels, weights = targets["labels"][0], targets["weights"][0]
    # One position after another: all of them in float64 take hundreds of megabytes for a large vocabulary.
    own = np.array([_measure_position(row, label) for row, label in zip(scores[0], labels, strict=True)])
    return float((own * weights).sum()), float(weights.sum())


def _measure_position(scores: np.ndarray, label: int) -> float:
    values = scores.astype(np.float64)
    shifted = values - values.max()
    return float(np.log(np.exp(shifted).sum()) - shifted[label])
