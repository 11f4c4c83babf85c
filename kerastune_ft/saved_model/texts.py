"""The saved model of texts: token ids and padding mask in, with the tokenizer's files beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.text_input import SEGMENT_IDS, TextInput
from kerastune_ft.input.lengths import assign_buckets
from kerastune_ft.input.packing import pack_rows
from kerastune_ft.input.tokenise import read_tokenizer_files, tokenise_texts
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.tasks.base import Task

TOKENIZER = "model/tokenizer"


@dataclass(frozen=True)
class RowSettings:
    """The settings by which texts become rows of tokens."""

    text: TextInput
    parts: int
    """Texts of an example: 1, or 2 for pairs."""
    limit: int
    """The most tokens of a row."""
    lengths: tuple[int, ...]
    """The lengths that rows are padded to, ascending."""

    @classmethod
    def from_loader(cls, loader: Any) -> RowSettings:
        """Return the settings of a `TokenLoader`."""
        return cls(loader.rows.text, len(loader.source.texts[0]), loader.limit, loader.lengths)


class TextServing(Serving):
    """Takes rows of tokens, a dict of int32 [batch, length] of any length; gives probabilities or values."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, rows: RowSettings) -> None:
        super().__init__(trained, task, settings)
        self.rows = rows

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return the model to save: a dict of int32 [batch, length], of any length, to probabilities or values.

        It opens with Keras and keras-hub alone.
        """
        inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in self.rows.text.names}
        outputs = self.finish(inputs, answer)
        return keras.Model(inputs, outputs, name=self.settings.name)

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the rows of tokens that the model takes, and its outputs."""
        text = self.rows.text
        has_files = bool(read_tokenizer_files(text.tokenizer))
        return {
            "input": "a dict of int32 [batch, length] by name; any length up to sequence_length does",
            "names": list(text.names),
            "tokenizer": {
                "class": type(text.tokenizer).__name__,
                "folder": "tokenizer" if has_files else None,
                "open_with": 'keras_hub.tokenizers.Tokenizer.from_preset("tokenizer")' if has_files else "keras_hub",
            },
            "texts": self.rows.parts,
            "start": list(text.start),
            "separator": list(text.separator),
            "end": list(text.end),
            "padding": text.pad,
            "sequence_length": self.rows.limit,
            "lengths": list(self.rows.lengths),
            "row": "start, tokens, end; of a pair start, first, separator, second, end. Padding follows, to the next "
            "of lengths, and has 0 in padding_mask, where all else has 1"
            + ("; segment_ids are 1 from the second text on" if SEGMENT_IDS in text.names else ""),
            "too_long": "tokens are cut from the end of a text; of a pair from the longer one first",
            "inside_the_model": [self.settings.preprocessing],
            "output": self.output_text,
        }

    def files(self) -> dict[str, bytes]:
        """Return the content of the files that keras-hub opens the tokenizer from, by path."""
        files = read_tokenizer_files(self.rows.text.tokenizer)
        return {f"{TOKENIZER}/{name}": content for name, content in files.items()}

    def samples(self, source: Any, indices: Sequence[int]) -> list[Mapping[str, np.ndarray]]:
        """Return rows of one example each, padded to the lengths of training."""
        texts = [source.texts[index] for index in indices]
        parts = [tokenise_texts(self.rows.text.tokenizer, part) for part in zip(*texts, strict=True)]
        rows = pack_rows(self.rows.text, parts, self.rows.limit)
        lengths = np.asarray(self.rows.lengths)[assign_buckets(rows.lengths, self.rows.lengths)]
        return [rows.pad(np.array([place]), int(length)) for place, length in enumerate(lengths)]

    def call(self, model: keras.Model, samples: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
        """Return the outputs of a saved model for rows of tokens, called with one at a time."""
        return np.concatenate([np.asarray(model(dict(row), training=False)) for row in samples])
