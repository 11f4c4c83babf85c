"""The saved model of texts: token ids and padding mask in, with the tokenizer's files beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.text_input import SEGMENT_IDS
from kerastune_ft.input.texts.lengths import assign_buckets
from kerastune_ft.input.texts.row_settings import RowSettings
from kerastune_ft.input.texts.tokenise import read_tokenizer_files, tokenise_texts
from kerastune_ft.input.texts.windows import MOST_WINDOWS
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.tasks.base import Task

TOKENIZER, _TEXT = "model/tokenizer", "text"
_ROWS = "a dict of int32 [batch, length] by name; any length up to sequence_length does"
_WINDOWS = (
    "a dict of int32 [batch, windows, length] by name, where length is sequence_length; any number of windows does, "
    "and one that fills up has 0 in padding_mask everywhere"
)
_TOO_LONG = "tokens are cut from the end of a text; of a pair from the longer one first"
_IN_WINDOWS = (
    "the tokens of a text are divided into as few windows as hold them, of numbers of tokens that differ by one at "
    "most: window i of n has those from floor(i * tokens / n) to floor((i + 1) * tokens / n). Each is a row; what is "
    "beyond most windows is cut"
)


class TextServing(Serving):
    """Takes rows of tokens, a dict of int32 [batch, length], or [batch, windows, length] of any number of windows."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, rows: RowSettings) -> None:
        super().__init__(trained, task, settings)
        self.rows = rows

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return the model to save: a dict of int32 [batch, length], of any length, to probabilities or values.

        Of texts in windows it takes [batch, windows, length], of any number of windows. It opens with Keras and
        keras-hub alone.
        """
        inputs, taken = self.begin(_TEXT)
        return keras.Model(inputs, self.finish(taken, answer), name=self.settings.name)

    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return rows of tokens as symbolic inputs, which the trained model takes as they are."""
        shape = (None,) if self.rows.text.window is None else (None, self.rows.text.window)
        inputs = {each: keras.Input(shape, dtype="int32", name=each) for each in self.rows.text.names}
        return inputs, dict(inputs)

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the rows of tokens that the model takes, and its outputs."""
        text = self.rows.text
        has_files = bool(read_tokenizer_files(text.tokenizer))
        return {
            "input": _ROWS if text.window is None else _WINDOWS,
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
            **self._describe_sizes(),
            "row": "start, tokens, end; of a pair start, first, separator, second, end. Padding follows, to the next "
            "of lengths, and has 0 in padding_mask, where all else has 1"
            + ("; segment_ids are 1 from the second text on" if SEGMENT_IDS in text.names else ""),
            "too_long": _TOO_LONG if text.window is None else _IN_WINDOWS,
            "inside_the_model": [self.settings.preprocessing],
            "output": self.output_text,
        }

    def _describe_sizes(self) -> dict[str, Any]:
        sizes, window = list(self.rows.sizes), self.rows.text.window
        return {"lengths": sizes} if window is None else {"lengths": [window], "windows": sizes, "most": MOST_WINDOWS}

    def files(self) -> dict[str, bytes]:
        """Return the content of the files that keras-hub opens the tokenizer from, by path."""
        files = read_tokenizer_files(self.rows.text.tokenizer)
        return {f"{TOKENIZER}/{name}": content for name, content in files.items()}

    def samples(self, source: Any, indices: Sequence[int]) -> list[Mapping[str, np.ndarray]]:
        """Return rows of one example each, padded to the sizes of training."""
        texts = [source.texts[index] for index in indices]
        parts = [tokenise_texts(self.rows.text.tokenizer, part) for part in zip(*texts, strict=True)]
        rows = self.rows.pack(parts)
        sizes = np.asarray(self.rows.sizes)[assign_buckets(rows.sizes, self.rows.sizes)]
        return [rows.pad(np.array([place]), int(size)) for place, size in enumerate(sizes)]

    def call(self, model: keras.Model, samples: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
        """Return the outputs of a saved model for rows of tokens, called with one at a time."""
        return np.concatenate([np.asarray(model(dict(row), training=False)) for row in samples])
