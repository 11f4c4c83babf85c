"""From items to the fixed-shape images a model takes, decoded exactly as training decodes them, ahead of their use."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import tensorflow as tf
from PIL import Image

from kerastune_ft.data.images.check import read_once
from kerastune_ft.data.images.intensity import Intensity, UnusableImageError, map_intensity
from kerastune_ft.inference.items import Item
from kerastune_ft.input.decode import Geometry, decode_image, decode_pixels
from kerastune_ft.tasks.base import Placement


@dataclass(frozen=True)
class DecodedInput:
    """What became of an item: its pixels, or the samples of its sound, or the problem that keeps it from having any."""

    name: str
    values: tf.Tensor | None
    problem: str | None = None
    placement: Placement | None = None
    """How an image was brought to the model's shape; None where it was not."""
    is_rotated: bool = False
    """Whether EXIF asks viewers to turn the picture, which is not done here."""


class ImageReader:
    """Reads and decodes items for one task, geometry and range of values."""

    def __init__(self, geometry: Geometry, intensity: Intensity) -> None:
        """`intensity` is the range that becomes 0 to 255, as in the run's data."""
        self._intensity, self._geometry = intensity, geometry

        def inputs(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # The model may be on a GPU; decoding is not, so that it runs beside it.
            with tf.device("CPU:0"):
                return decode_image(image, geometry), tf.shape(decode_pixels(image))[:2]

        self._decode_bytes = _compile(inputs, [], tf.string)
        self._of_values = {dtype: _compile(inputs, [None, None, None], dtype) for dtype in (tf.uint8, tf.float32)}

    def read(self, item: Item) -> DecodedInput:
        """Return what becomes of an item."""
        if item.problem is not None:
            return DecodedInput(item.name, None, item.problem)
        try:
            if item.values is not None:
                values, size = self._decode_values(item.values)
                return DecodedInput(item.name, values, placement=self._place(size))
            (values, size), is_rotated = read_once(item.path or "", self._intensity, self._decode_bytes)
            return DecodedInput(item.name, values, is_rotated=is_rotated, placement=self._place(size))
        except UnusableImageError as problem:
            said = str(problem)
            if said == "is not there" and item.path and item.path != item.name:
                said += f" (looked for {item.path})"
            return DecodedInput(item.name, None, said)

    def _place(self, size: tf.Tensor) -> Placement:
        height, width = size.numpy().tolist()
        return Placement(height, width, self._geometry)

    def _decode_values(self, values: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
        if self._intensity is not None:
            values = map_intensity(values, self._intensity)
        dtype = tf.float32 if values.dtype.kind == "f" else tf.uint8
        channels = values[..., np.newaxis] if values.ndim == 2 else values
        return self._of_values[dtype](tf.constant(np.ascontiguousarray(channels), dtype))


def _compile(inputs: Callable, shape: list, dtype: tf.DType) -> Callable:
    return tf.function(inputs, input_signature=[tf.TensorSpec(shape, dtype)])


class Reader(Protocol):
    """Reads items."""

    def read(self, item: Item) -> DecodedInput:
        """Return what becomes of an item."""


def decode_ahead(items: Iterable[Item], reader: Reader, ahead: int) -> Iterator[DecodedInput]:
    """Give a picture per item, in order, with up to `ahead` items read and decoded while earlier ones are used."""
    # A picture beyond Pillow's warning size is still a picture; one beyond its limit is refused.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    pool = ThreadPoolExecutor(min(16, 2 + (os.cpu_count() or 1)))
    waiting: deque[Future[DecodedInput]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(reader.read, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
