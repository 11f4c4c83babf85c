"""The saved model of texts of which tokens are hidden: rows of tokens in, scores of the token at each position out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.language.masked_input import MaskedInput, read_masking
from kerastune_ft.input.language.masked_loader import MaskedSettings, hide_row
from kerastune_ft.input.texts.lengths import assign_buckets
from kerastune_ft.input.texts.tokenise import tokenise_texts
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.language import measure_scores
from kerastune_ft.saved_model.texts import TextServing
from kerastune_ft.tasks.base import Task


class MaskedServing(TextServing):
    """Takes rows of tokens, a dict of int32 [batch, length], and gives scores [batch, length, vocabulary]."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, own: MaskedSettings) -> None:
        super().__init__(trained, task, settings, own.rows)
        self.masked = own

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the rows of tokens, and the token that hides others."""
        masking = read_masking(MaskedInput.of(self.rows.text))
        return {**super().preprocessing(), **masking, "output": self.task.output_name}

    def samples(self, source: Any, indices: Sequence[int]) -> list[Any]:
        """Return rows of one example each with tokens hidden as where they are measured, and the tokens to find."""
        texts = tokenise_texts(self.rows.text.tokenizer, [source.texts[index][0] for index in indices])
        rows = self.rows.pack([texts])
        sizes = np.asarray(self.rows.sizes)[assign_buckets(rows.sizes, self.rows.sizes)]
        return [
            hide_row(self.masked, rows, place, int(size), source.identities[index])
            for place, (index, size) in enumerate(zip(indices, sizes, strict=True))
        ]

    def call(self, model: keras.Model, samples: Sequence[Any]) -> np.ndarray:
        """Return for each sample the summed loss of its tokens by the scores of a saved model, and their number."""
        return np.array(
            [measure_scores(np.asarray(model(dict(inputs), training=False)), targets) for inputs, targets in samples]
        )
