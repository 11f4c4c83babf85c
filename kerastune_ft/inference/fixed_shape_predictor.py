"""Predictions on images or sounds, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.run import RunConfig
from kerastune_ft.inference.decoding import Picture, PictureReader, pictures
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.run_model import Outputs, Row
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.sounds import Clip
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.wording import counted


class PicturePredictor:
    """Predicts on items that are images, or sounds."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> None:
        """Load the model; raise ConfigError where the run has none."""
        self._read = Outputs(run, config, plan)
        self.columns = self._read.columns
        self._reader = self._reader_of(config, plan)
        self._outputs = tf.function(self._computed, autograph=False)
        self._done = self._rotated = 0

    def _reader_of(self, config: RunConfig, plan: Mapping[str, Any]) -> PictureReader | SoundReader:
        if sound := plan.get("sound"):
            return SoundReader(Clip(sound["sample_rate"], sound["samples"]))
        height, width = plan["backbone"]["image_size"]
        intensity = None if config.data.intensity == "auto" else config.data.intensity
        return PictureReader(Geometry(height, width, config.data.resize), intensity)

    def batches(self, items: Iterable[Item], size: int) -> Iterator[list[Row]]:
        """Give rows, in order, whenever `size` inputs are complete.

        The model sees one batch shape: `size` inputs, or all there are where these are fewer.
        """
        self._done = self._rotated = 0
        waiting: list[Picture] = []
        shape: int | None = None
        for picture in pictures(items, self._reader, 2 * size if size > 1 else 1):
            waiting.append(picture)
            complete = sum(each.pixels is not None for each in waiting) if len(waiting) >= size else 0
            if complete == size or len(waiting) >= 8 * size:
                shape = size
                yield self._rows(waiting, shape)
                waiting = []
        if waiting:
            complete = sum(each.pixels is not None for each in waiting)
            yield self._rows(waiting, shape or complete)

    def notes(self) -> list[str]:
        """Return what there is to say of the items so far."""
        if not self._rotated:
            return []
        return [f"{self._rotated} of {counted(self._done, 'input')} are stored rotated (EXIF) and used as stored"]

    def _rows(self, read: list[Picture], shape: int) -> list[Row]:
        self._done += len(read)
        self._rotated += sum(picture.is_rotated for picture in read)
        usable = [picture.pixels for picture in read if picture.pixels is not None]
        cells = self._cells(usable, shape) if usable else iter(())
        return [self._read.row(picture.name, picture.problem, cells) for picture in read]

    def _cells(self, images: list[tf.Tensor], shape: int) -> Iterator[Row]:
        padding = [tf.zeros_like(images[0])] * (shape - len(images))
        outputs = np.asarray(self._outputs(tf.stack([*images, *padding])))[: len(images)]
        return self._read.cells(outputs)

    def _computed(self, images: tf.Tensor) -> tf.Tensor:
        return self._read.model(tf.cast(images, tf.float32), training=False)
