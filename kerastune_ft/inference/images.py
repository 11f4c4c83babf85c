"""Images to predict on: listed from arrays, and read and decoded exactly as in training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import tensorflow as tf
from PIL import Image

from kerastune_ft.data.annotations.masks import compare_with_masks
from kerastune_ft.data.files.check import read_content
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.images.check import read_once
from kerastune_ft.data.images.image_arrays import measure_array
from kerastune_ft.data.images.image_source import describe_rotation
from kerastune_ft.data.images.intensity import Intensity, UnusableImageError, map_intensity
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.images.value_range import Kind, Values, explain_problem, judge
from kerastune_ft.errors import DataError
from kerastune_ft.inference.decode_ahead import DecodedInput
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.input.decode import Geometry, decode_pixels, fit_pixels
from kerastune_ft.tasks.base import Placement
from kerastune_ft.wording import counted

_CHANNELS = (1, 2, 3, 4)
# Of an image of other libraries, whose channels come first; with one it is the same image either way.
_FIRST = (3, 4)


class ImageReader:
    """Reads and decodes items that are images."""

    def __init__(
        self,
        geometry: Geometry,
        reading: ImageReading,
        mask_values: frozenset[int] = frozenset(),
        is_fitted: bool = True,
    ) -> None:
        """Read images for a model that takes them at `geometry`, as `reading` says.

        `mask_values` are the values of pixels in masks of the run, which are no pictures to predict on. Where images
        are not fitted they are returned at their own size, as tiles of them are.
        """
        self._reading, self._geometry, self._mask_values = reading, geometry, mask_values

        def inputs(image: tf.Tensor, orientation: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            # On the CPU, so that it runs beside the model where that is on a GPU.
            with tf.device("CPU:0"):
                pixels = decode_pixels(image, orientation, reading.rules.accurate_decoding)
                ends = tf.stack([tf.reduce_min(pixels), tf.reduce_max(pixels)])
                return fit_pixels(pixels, geometry) if is_fitted else pixels, tf.shape(pixels)[:2], ends

        encoded = [tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.int32)]
        self._decode_bytes = tf.function(inputs, input_signature=encoded)
        self._of_values = {
            dtype: tf.function(inputs, input_signature=[tf.TensorSpec([None, None, None], dtype)])
            for dtype in (tf.uint8, tf.float32)
        }

    def read(self, item: Item) -> DecodedInput:
        """Return the decoded image of an item, or the problem that prevents it."""
        if item.problem is not None:
            return DecodedInput(item.name, None, item.problem)
        if item.values is not None:
            values, size, _ = self._decode_values(item.values)
            return DecodedInput(item.name, values, placement=self._place(size))
        try:
            return self._read_file(item)
        except UnusableImageError as problem:
            said = str(problem)
            if said == "is not there" and item.path and item.path != item.name:
                said += f" (looked for {item.path})"
            return DecodedInput(item.name, None, said)

    def _read_file(self, item: Item) -> DecodedInput:
        doubts: list[str | None] = []

        def refuse_mask(image: Image.Image) -> str | None:
            likeness = compare_with_masks(image, self._mask_values)
            doubts.append(likeness.doubt)
            return likeness.problem

        content = read_content(item.path or "", UnusableImageError) if item.content is None else item.content
        (values, size, ends), prepared = read_once(content, self._reading, self._decode_bytes, refuse_mask)
        verdict = prepared.verdict
        # Other pictures were judged before they became 8 bits.
        if prepared.picture is None:
            low, high = ends.numpy().tolist()
            given = Values(Kind.BYTES, low, high)
            verdict = judge(given, self._reading.intensity)
            if problem := explain_problem(given, verdict):
                raise UnusableImageError(problem)
        remarks = tuple(f"have odd values: {doubt}" for doubt in (verdict.doubt, *doubts) if doubt)
        if prepared.is_rotated:
            remarks += (describe_rotation(2, self._reading),)
        return DecodedInput(item.name, values, placement=self._place(size), remarks=remarks)

    def _place(self, size: tf.Tensor) -> Placement:
        height, width = size.numpy().tolist()
        return Placement(height, width, self._geometry)

    def _decode_values(self, values: np.ndarray) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        dtype = tf.float32 if values.dtype.kind == "f" else tf.uint8
        channels = values[..., np.newaxis] if values.ndim == 2 else values
        return self._of_values[dtype](tf.constant(np.ascontiguousarray(channels), dtype))


def list_images(values: np.ndarray, name: str, options: ReadOptions, file: ArrayFile | None = None) -> Listing:
    """List the images of an array, named by their rows.

    One image is [height, width] or [height, width, channels]; several have a dimension in front. Values are 0 to 255,
    or in the range `options.intensity` where the run has one. Raises DataError for an array of any other shape or type.
    """
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3, 4) or 0 in values.shape:
        raise DataError(
            f"{name} has shape {list(values.shape)} and dtype {values.dtype}; images are numbers, "
            "[N, height, width, channels] or [height, width, channels]"
        )
    if values.ndim == 4 and values.shape[-1] not in _CHANNELS:
        raise DataError(
            f"{name} has shape {list(values.shape)}; the last dimension of [N, height, width, channels] is 1 (grey), "
            "2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha)"
        )
    may_be_turned = file is None and not options.takes_grey
    if may_be_turned and values.ndim == 3 and values.shape[-1] not in _CHANNELS and values.shape[0] in _FIRST:
        raise DataError(
            f"{name} has shape {list(values.shape)}, which is one image with its channels first, or "
            f"{counted(values.shape[0], 'grey image')}; write  x.transpose(1, 2, 0)  for the one, or  "
            "x[..., np.newaxis]  for the others"
        )
    is_one = values.ndim == 2 or (values.ndim == 3 and values.shape[-1] in _CHANNELS)
    # Over the whole array: a single dark image has small values too. NaN is reported by the row that has it.
    given = measure_array(values[np.newaxis] if is_one else values, options.intensity)
    verdict = judge(given, options.intensity)
    if verdict.doubt and not is_one and given.kind is not Kind.BYTES:
        verdict = replace(verdict, problem=verdict.doubt)
    if verdict.problem:
        raise DataError(f"{name} {explain_problem(given, verdict)}")
    notes = (f"{name} has {given}; {verdict.doubt}",) if verdict.doubt else ()
    if is_one:
        return Listing([_make_item(name, values, verdict.mapped)], 1, notes)
    items = (_make_item(f"{name}[{row}]", image, verdict.mapped) for row, image in enumerate(values))
    return Listing(items, len(values), notes)


def _make_item(name: str, values: np.ndarray, mapped: Intensity) -> Item:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return Item(name, problem="has NaN or infinite values")
    return Item(name, values=values if mapped is None else map_intensity(values, mapped))
