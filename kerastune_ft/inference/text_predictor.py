"""Predictions on texts, batch by batch, each padded as in training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.run import tokenizer_of
from kerastune_ft.config.run import RunConfig
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.predictor import Predictor
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.run_model import Row
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.input.texts.lengths import assign_buckets
from kerastune_ft.input.texts.row_settings import Rows, RowSettings
from kerastune_ft.input.texts.tokenise import tokenise_texts
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.wording import counted


class TextPredictor(Predictor):
    """Predicts on texts, or on pairs of them."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load model and tokenizer; raise ConfigError where the run has none."""
        super().__init__(run, config, plan, form)
        self._settings = RowSettings.from_plan(plan["text"], tokenizer_of(run, plan))
        self._outputs = tf.function(lambda rows: self._run_model.model(rows, training=False), autograph=False)
        self._done = self._cut = 0

    @classmethod
    def list_inputs(cls, inputs: Sequence[Any], options: ReadOptions, plan: Mapping[str, Any]) -> list[Listing]:
        """Return a listing of texts for each input, or of pairs where the run's examples are pairs."""
        return list_texts(inputs, options, plan["text"]["texts"])

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Yield lists of rows, in order, for `size` items at a time; texts of one size are computed together."""
        self._done = self._cut = 0
        waiting: list[Item] = []
        shape: int | None = None
        for item in items:
            waiting.append(item)
            if len(waiting) == size:
                shape = size
                yield self.answer(waiting, shape)
                waiting = []
        if waiting:
            yield self.answer(waiting, shape or len(waiting))

    def notes(self) -> list[str]:
        """Return how many texts were cut."""
        if not self._cut:
            return []
        verb = "was" if self._cut == 1 else "were"
        length, window = self._settings.sizes[-1], self._settings.text.window
        kept = f"{length} tokens" if window is None else f"{length} windows of {window} tokens"
        return [f"{self._cut} of {counted(self._done, 'text')} {verb} cut to {kept}"]

    def read(self, item: Item) -> Item:
        """Return the item: texts are tokenised many at a time."""
        return item

    def answer(self, read: Sequence[Item], shape: int) -> list[Row]:
        """Return a row for each text; those of one size are computed as one batch of `shape`."""
        self._done += len(read)
        texts = [item.texts for item in read if item.texts is not None]
        cells = self._run_model.cells(self._compute(texts, shape)) if texts else iter(())
        rows = [self._run_model.row(item.name, item.problem, cells) for item in read]
        return [row | self._name_texts(item) for row, item in zip(rows, read, strict=True)]

    def warm(self, read: Item, shapes: Sequence[int]) -> None:
        """Compute batches of these shapes for every size of texts."""
        super().warm(read, shapes[:1])
        settings = self._settings
        rows = settings.pack([tokenise_texts(settings.text.tokenizer, ["a"])] * len(self.input_columns))
        for shape in shapes:
            for size in settings.sizes:
                self._compute_size(rows, np.zeros(1, np.int64), size, shape)

    def _name_texts(self, item: Item) -> Row:
        """Return the cells of a pair of texts; nothing for a single text, whose cell its name is."""
        texts = item.texts or ()
        return dict(zip(self.input_columns, texts, strict=True)) if len(texts) > 1 else {}

    def _compute(self, texts: list[tuple[str, ...]], shape: int) -> np.ndarray:
        """Return the raw outputs of texts, in their order."""
        settings = self._settings
        parts = [tokenise_texts(settings.text.tokenizer, part) for part in zip(*texts, strict=True)]
        rows = settings.pack(parts)
        self._cut += int((rows.lost > 0).sum())
        buckets = assign_buckets(rows.sizes, settings.sizes)
        outputs = np.zeros((len(texts), self._run_model.model.output_shape[-1]), np.float32)
        for bucket in np.unique(buckets):
            own = np.flatnonzero(buckets == bucket)
            outputs[own] = self._compute_size(rows, own, settings.sizes[bucket], shape)
        return outputs

    def _compute_size(self, rows: Rows, own: np.ndarray, size: int, shape: int) -> np.ndarray:
        inputs = rows.pad(np.resize(own, shape), size)
        return np.asarray(self._outputs(tf.nest.map_structure(tf.convert_to_tensor, inputs)))[: len(own)]
