"""Predictions on images and on sounds, batch by batch."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.inference.decode_ahead import DecodedInput, Reader, decode_ahead
from kerastune_ft.inference.images import ImageReader
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.output.form import PLAIN, OutputForm
from kerastune_ft.inference.predictor import Predictor
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.run_model import Row
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.wording import counted

_SINGULAR = {"are": "is", "have": "has"}
"""The verbs that remarks on inputs begin with."""


class FixedShapePredictor(Predictor):
    """Predicts on items that all become inputs of one shape; a subclass reads them."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any], form: OutputForm = PLAIN) -> None:
        """Load the model of a run; `plan` is its plan.json. Raises ConfigError where the run has no model."""
        super().__init__(run, config, plan, form)
        self._reader = self.make_reader(config, plan)
        self._outputs = tf.function(self._compute, autograph=False)
        self._done, self._remarks = 0, Counter[str]()

    @classmethod
    def list_inputs(cls, inputs: Sequence[Any], options: ReadOptions, plan: Mapping[str, Any]) -> list[Listing]:
        """Return a listing of files or arrays for each input."""
        return list_inputs(inputs, options)

    @abstractmethod
    def make_reader(self, config: RunConfig, plan: Mapping[str, Any]) -> Reader:
        """Return the reader that makes the model's inputs of items as training did."""

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Yield lists of rows, in order, whenever `size` inputs are read.

        The model is called with one batch shape: `size` inputs, or fewer where there are fewer in all.
        """
        self.forget_remarks()
        waiting: list[DecodedInput] = []
        shape: int | None = None
        for decoded in decode_ahead(items, self._reader, 2 * size if size > 1 else 1):
            waiting.append(decoded)
            complete = sum(each.values is not None for each in waiting) if len(waiting) >= size else 0
            if complete == size or len(waiting) >= 8 * size:
                shape = size
                yield self._rows(waiting, shape)
                waiting = []
        if waiting:
            complete = sum(each.values is not None for each in waiting)
            yield self._rows(waiting, shape or complete)

    def notes(self) -> list[str]:
        """Return what was remarked on some of the inputs, such as that photos are stored rotated."""
        return describe_remarks(self._remarks, self._done)

    def read(self, item: Item) -> DecodedInput:
        """Return the decoded image or sound of an item, or the problem that prevents it."""
        return self._reader.read(item)

    def _rows(self, read: list[DecodedInput], shape: int) -> list[Row]:
        self.count_remarks(read)
        return self.answer(read, shape)

    def forget_remarks(self) -> None:
        """Count inputs, and what is remarked on them, from nothing on."""
        self._done, self._remarks = 0, Counter[str]()

    def count_remarks(self, read: Sequence[DecodedInput]) -> None:
        """Count these inputs, and what was remarked on them, for `notes`."""
        self._done += len(read)
        self._remarks.update(remark for each in read for remark in each.remarks)

    def answer(self, read: Sequence[DecodedInput], shape: int) -> list[Row]:
        """Return a row for each input; the model computes those that could be read as one batch of `shape`."""
        usable = [each for each in read if each.values is not None]
        cells = self._cells(usable, shape) if usable else iter(())
        return [self._run_model.row(each.name, each.problem, cells) for each in read]

    def _cells(self, inputs: list[DecodedInput], shape: int) -> Iterator[Row]:
        values = [each.values for each in inputs]
        padding = [tf.zeros_like(values[0])] * (shape - len(values))
        outputs = np.asarray(self._outputs(tf.stack([*values, *padding])))[: len(inputs)]
        return self._run_model.cells(outputs, [each.placement for each in inputs])

    def _compute(self, images: tf.Tensor) -> tf.Tensor:
        return self._run_model.model(tf.cast(images, tf.float32), training=False)


class ImagePredictor(FixedShapePredictor):
    """Predicts on images."""

    def make_reader(self, config: RunConfig, plan: Mapping[str, Any]) -> Reader:
        """Return a reader of images at the model's size."""
        return make_image_reader(config, plan)


class SoundPredictor(FixedShapePredictor):
    """Predicts on sounds."""

    def make_reader(self, config: RunConfig, plan: Mapping[str, Any]) -> Reader:
        """Return a reader of sounds at the model's rate and length."""
        sound = plan["sound"]
        return SoundReader(Clip(sound["sample_rate"], sound["samples"]), config.rules)


def make_image_reader(config: RunConfig, plan: Mapping[str, Any], is_fitted: bool = True) -> ImageReader:
    """Return a reader of images at the size of a run's model, or where they are not fitted at their own.

    `plan` is the run's plan.json.
    """
    height, width = plan["backbone"]["image_size"]
    values = LabelScheme.from_json(plan["labels"]).pixel_values
    reading = ImageReading.of(config.data, config.rules)
    return ImageReader(Geometry(height, width, config.data.resize), reading, values, is_fitted)


def describe_remarks(remarks: Mapping[str, int], inputs: int) -> list[str]:
    """Return sentences on how many of so many inputs something was remarked."""
    return [
        f"{count} of {counted(inputs, 'input')} {_in_singular(remark) if count == 1 else remark}"
        for remark, count in remarks.items()
    ]


def _in_singular(remark: str) -> str:
    verb, _, rest = remark.partition(" ")
    return f"{_SINGULAR.get(verb, verb)} {rest}"
