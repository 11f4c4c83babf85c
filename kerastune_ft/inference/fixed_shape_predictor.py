"""Predictions on images or sounds, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.run import RunConfig
from kerastune_ft.inference.decode_ahead import DecodedInput, ImageReader, decode_ahead
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.run_model import Row, RunModel
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.sounds import Clip
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.wording import counted


class FixedShapePredictor:
    """Predicts on items that are images, or sounds."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> None:
        """Load the model; raise ConfigError where the run has none."""
        self._read = RunModel(run, config, plan)
        self.columns = self._read.columns
        self._reader = self._make_reader(config, plan)
        self._outputs = tf.function(self._compute, autograph=False)
        self._done = self._rotated = 0

    def _make_reader(self, config: RunConfig, plan: Mapping[str, Any]) -> ImageReader | SoundReader:
        if sound := plan.get("sound"):
            return SoundReader(Clip(sound["sample_rate"], sound["samples"]))
        height, width = plan["backbone"]["image_size"]
        intensity = None if config.data.intensity == "auto" else config.data.intensity
        return ImageReader(Geometry(height, width, config.data.resize), intensity)

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Give rows, in order, whenever `size` inputs are complete.

        The model sees one batch shape: `size` inputs, or all there are where these are fewer.
        """
        self._done = self._rotated = 0
        waiting: list[DecodedInput] = []
        shape: int | None = None
        for picture in decode_ahead(items, self._reader, 2 * size if size > 1 else 1):
            waiting.append(picture)
            complete = sum(each.values is not None for each in waiting) if len(waiting) >= size else 0
            if complete == size or len(waiting) >= 8 * size:
                shape = size
                yield self._rows(waiting, shape)
                waiting = []
        if waiting:
            complete = sum(each.values is not None for each in waiting)
            yield self._rows(waiting, shape or complete)

    def notes(self) -> list[str]:
        """Return what there is to say of the items so far."""
        if not self._rotated:
            return []
        return [f"{self._rotated} of {counted(self._done, 'input')} are stored rotated (EXIF) and used as stored"]

    def _rows(self, read: list[DecodedInput], shape: int) -> list[Row]:
        self._done += len(read)
        self._rotated += sum(picture.is_rotated for picture in read)
        usable = [each for each in read if each.values is not None]
        cells = self._cells(usable, shape) if usable else iter(())
        return [self._read.row(picture.name, picture.problem, cells) for picture in read]

    def _cells(self, inputs: list[DecodedInput], shape: int) -> Iterator[Row]:
        values = [each.values for each in inputs]
        padding = [tf.zeros_like(values[0])] * (shape - len(values))
        outputs = np.asarray(self._outputs(tf.stack([*values, *padding])))[: len(inputs)]
        return self._read.cells(outputs, [each.placement for each in inputs])

    def _compute(self, images: tf.Tensor) -> tf.Tensor:
        return self._read.model(tf.cast(images, tf.float32), training=False)
