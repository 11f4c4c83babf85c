"""Predictions on examples with several inputs, whose pictures, texts and cells are read as in training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.run import tokenizer_of
from kerastune_ft.backbones.several import COLUMNS
from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.config.options.task_facts import TEXT
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.several.columns import cells_of_rows
from kerastune_ft.data.several.encoding import ColumnEncoding
from kerastune_ft.inference.decode_ahead import DecodedInput, decode_ahead
from kerastune_ft.inference.fixed_shape_predictor import describe_remarks, make_image_reader
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.predictor import Predictor
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.run_model import Row
from kerastune_ft.inference.several.several_inputs import list_several
from kerastune_ft.input.texts.lengths import assign_buckets
from kerastune_ft.input.texts.row_settings import Rows, RowSettings
from kerastune_ft.input.texts.tokenise import tokenise_texts
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.wording import counted


class SeveralPredictor(Predictor):
    """Predicts on examples that have several inputs."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load the model of a run; `plan` is its plan.json. Raises ConfigError where the run has no model."""
        super().__init__(run, config, plan, form)
        self._inputs: InputColumns = config.data.inputs  # type: ignore[assignment]
        reader = make_image_reader(config, plan)
        self._readers = dict.fromkeys(self._inputs.images, reader)
        self._settings: RowSettings | None = None
        if plan["text"] is not None:
            self._settings = RowSettings.from_plan(plan["text"], tokenizer_of(run, plan))
        columns = plan["inputs"]["columns"]
        self._encoding = ColumnEncoding.from_json(columns) if columns else None
        self._outputs = tf.function(self._compute, autograph=False)
        self._done = self._cut = 0
        self._remarks = Counter[str]()

    @classmethod
    def list_inputs(cls, inputs: Sequence[Any], options: ReadOptions, plan: Mapping[str, Any]) -> list[Listing]:
        """Return a listing of the rows of each table."""
        return list_several(inputs, options)

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Yield lists of rows, in order, for `size` items at a time; texts of one size are computed together."""
        self._done, self._cut, self._remarks = 0, 0, Counter[str]()
        waiting: list[DecodedInput] = []
        shape: int | None = None
        for decoded in decode_ahead(items, self, 2 * size if size > 1 else 1):
            waiting.append(decoded)
            if len(waiting) == size:
                shape = size
                yield self.answer(waiting, shape)
                waiting = []
        if waiting:
            yield self.answer(waiting, shape or len(waiting))

    def notes(self) -> list[str]:
        """Return what was remarked on some of the examples, and how many texts were cut."""
        said = describe_remarks(self._remarks, self._done)
        if self._cut and self._settings is not None:
            verb = "was" if self._cut == 1 else "were"
            said.append(f"{self._cut} of {counted(self._done, 'text')} {verb} cut to {self._settings.sizes[-1]} tokens")
        return said

    def read(self, item: Item) -> DecodedInput:
        """Return the pictures, texts and cells of an item, or the first problem that prevents it."""
        if item.problem is not None:
            return DecodedInput(item.name, None, item.problem)
        found: dict[str, Any] = {}
        remarks: tuple[str, ...] = ()
        for name, reader in self._readers.items():
            decoded = reader.read(item.parts[name])
            if decoded.problem is not None:
                return DecodedInput(item.name, None, f"{self._inputs.images[name]}: {decoded.problem}")
            found[name] = decoded.values
            remarks += decoded.remarks
        if self._settings is not None:
            if problem := item.parts[TEXT].problem:
                return DecodedInput(item.name, None, f"{', '.join(self._inputs.texts)}: {problem}")
            found[TEXT] = item.parts[TEXT].texts
        if self._encoding is not None:
            cells, (problem,) = cells_of_rows(self._inputs.numbers or (), self._inputs.words or (), [item.cells])
            if problem:
                return DecodedInput(item.name, None, problem)
            found[COLUMNS] = self._encoding.encode(cells)[0]
        return DecodedInput(item.name, found, remarks=remarks)

    def answer(self, read: Sequence[DecodedInput], shape: int) -> list[Row]:
        """Return a row for each example; those whose texts are of one size are computed as one batch of `shape`."""
        self._done += len(read)
        self._remarks.update(remark for each in read for remark in each.remarks)
        usable = [each.values for each in read if each.values is not None]
        cells = self._run_model.cells(self._compute_all(usable, shape)) if usable else iter(())
        return [self._run_model.row(each.name, each.problem, cells) for each in read]

    def warm(self, read: DecodedInput, shapes: Sequence[int]) -> None:
        """Compute an example in batches of these shapes, with texts of every size."""
        super().warm(read, shapes[:1])
        for shape in shapes:
            rows = self._pack([read.values])
            for size in (None,) if self._settings is None else self._settings.sizes:
                self._compute_some([read.values], rows, np.zeros(1, np.int64), size, shape)

    def _pack(self, examples: Sequence[Any]) -> Rows | None:
        settings = self._settings
        if settings is None:
            return None
        parts = zip(*(each[TEXT] for each in examples), strict=True)
        return settings.pack([tokenise_texts(settings.text.tokenizer, part) for part in parts])

    def _compute_all(self, examples: Sequence[Any], shape: int) -> np.ndarray:
        """Return the raw outputs of examples, in their order."""
        rows = self._pack(examples)
        if rows is None or self._settings is None:
            return self._compute_some(examples, None, np.arange(len(examples)), None, shape)
        self._cut += int((rows.lost > 0).sum())
        buckets = assign_buckets(rows.sizes, self._settings.sizes)
        outputs = np.zeros((len(examples), self._run_model.model.output_shape[-1]), np.float32)
        for bucket in np.unique(buckets):
            own = np.flatnonzero(buckets == bucket)
            outputs[own] = self._compute_some(examples, rows, own, self._settings.sizes[bucket], shape)
        return outputs

    def _compute_some(
        self, examples: Sequence[Any], rows: Rows | None, own: np.ndarray, size: int | None, shape: int
    ) -> np.ndarray:
        """Return the raw outputs of some of these examples, whose texts are padded to `size`."""
        places = np.resize(own, shape)
        inputs: dict[str, Any] = {name: tf.stack([examples[place][name] for place in places]) for name in self._readers}
        if rows is not None and size is not None:
            inputs |= {name: tf.convert_to_tensor(values) for name, values in rows.pad(places, size).items()}
        if self._encoding is not None:
            inputs[COLUMNS] = tf.convert_to_tensor(np.stack([examples[place][COLUMNS] for place in places]))
        return np.asarray(self._outputs(inputs))[: len(own)]

    def _compute(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        given = {
            name: tf.cast(tensor, tf.float32) if name in self._readers else tensor for name, tensor in inputs.items()
        }
        return self._run_model.model(given, training=False)
