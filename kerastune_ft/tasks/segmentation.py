"""Semantic segmentation: one of several classes for every pixel of an image."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.options.tasks import ImageSegmentation as Options
from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.image_augmentation import Changes, on_masks
from kerastune_ft.input.mask_geometry import fit_mask, restore_mask
from kerastune_ft.input.mixing import Mix, paste
from kerastune_ft.layers.decoders.fpn import fpn_decoder
from kerastune_ft.layers.decoders.simple_pyramid import FINEST, simple_pyramid
from kerastune_ft.layers.decoders.unet import unet_decoder
from kerastune_ft.losses.masks import compute_losses, divide_labels, pixel_cross_entropy
from kerastune_ft.losses.mixed import Mixed
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.metrics import boundaries
from kerastune_ft.metrics import segmentation as metrics
from kerastune_ft.metrics.boundaries import BOUNDARY_F1
from kerastune_ft.metrics.confusion_table import name_columns
from kerastune_ft.metrics.division import divide, divide_sums
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.segmentation import make_sample
from kerastune_ft.metrics.outcomes.masks import MaskOutcomes
from kerastune_ft.tasks import averages
from kerastune_ft.tasks.base import Measured, Placement, Prediction, Task, choose_metrics
from kerastune_ft.tasks.boundary_counts import count_boundaries
from kerastune_ft.tasks.pixel_counts import count_confusion, pixel_accuracy
from kerastune_ft.tasks.tiled_maps import blend_maps, measure_bands
from kerastune_ft.tiles.grid import TiledPicture

_FINEST, _NEXT = 2, 4
_WIDTH = 64
_USUAL = "unet"
_DECODERS: Mapping[str, Callable[..., Any]] = {"unet": unet_decoder, "fpn": fpn_decoder}
# Smaller probabilities are set to this before their logarithm: float32 has none below.
_SMALLEST = 1e-38


class Segmentation(Task):
    """A decoder of the backbone's feature maps of several strides; outputs are logits [batch, height, width, classes].

    Loss and count are sums over pixels divided by the pixels of an image, see `losses.masks`. `measure` keeps the
    confusion matrix of each image and no outputs, so the memory of an evaluation does not grow with the image size.
    """

    training_metrics = ("accuracy",)
    predicts_masks = True
    output_name = "probabilities of every pixel at the model's size"

    def __init__(
        self, options: Options, head: Head, scheme: LabelScheme, seed: int, image_size: tuple[int, int]
    ) -> None:
        """`scheme` names the classes in the order of their numbers; `image_size` is the model's height and width."""
        self.kind, self.scheme, self.classes = options.kind, scheme, scheme.names
        self._has_boundaries = BOUNDARY_F1 in choose_metrics(options, "mask", len(scheme.names))
        self.metric_directions = {name: known.direction for name, known in facts(options).metrics.items()}
        self._head, self._seed, self._image_size = head, seed, image_size

    def endpoints(self, available: Mapping[str, Any], fits: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
        """Return the feature maps of `head.stride` and coarser; by default from 2 where the cache has room, else 4.

        Raises ConfigError for a backbone without such maps.
        """
        strides = sorted(int(name.removeprefix("stride")) for name in available if name.startswith("stride"))
        wanted = self._head.stride
        if len(strides) == 1:
            # All levels are made of it, see `head`.
            return _names_from(strides, 1)
        if len(strides) < 2 or (wanted is not None and wanted not in strides):
            there = f"it has strides {', '.join(map(str, strides))}" if strides else "it has none"
            raise ConfigError(
                f"head.stride: the backbone gives no feature maps from stride {wanted or _FINEST} on; {there}; write "
                "another stride, or another backbone"
            )
        if wanted is None:
            finest = _names_from(strides, _FINEST)
            return finest if fits(finest) else _names_from(strides, _NEXT)
        return _names_from(strides, wanted)

    def head(self, features: Mapping[str, Any], mask: Any = None, windows: Any = None) -> Any:
        """Return logits [batch, height, width, classes] at the model's size.

        The only map of a backbone, as of a vision transformer, is made a pyramid first.
        """
        features = simple_pyramid(features, self._head.stride or FINEST, self._seed)
        width, dropout = self._head.width or _WIDTH, self._head.dropout
        decode = _DECODERS[self._head.decoder or _USUAL]
        return decode(features, len(self.classes), self._image_size, self._seed, width=width, dropout=dropout)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Return the model's height and width and the number of classes."""
        return (*self._image_size, len(self.classes))

    def split_valid(self, targets: Any) -> tuple[Any, Any]:
        """Return the masks with class numbers alone, int32, and 1 for the pixels that have one."""
        return divide_labels(targets)

    def finish(self, outputs: Any) -> Any:
        """Return probabilities [batch, height, width, classes]."""
        return keras.layers.Softmax(name="probabilities", dtype="float32")(outputs)

    def join(self, outputs: Sequence[Any]) -> Any:
        """Return the mean answer of several models, pixel by pixel; see `tasks.averages`."""
        return averages.join_probabilities(outputs)

    def average(self, measured: Sequence[Measured]) -> dict[str, np.ndarray]:
        """Return the pixels and losses of several models added up, image by image."""
        return {name: np.sum([each[name] for each in measured], axis=0) for name in measured[0]}

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Geometry | None = None) -> tf.Tensor:
        """Return the mask at the model's size, uint8 [height, width]; 255 for pixels of no class."""
        assert geometry is not None
        return fit_mask(fields["mask"], geometry)

    def transform(self, targets: tf.Tensor, changes: Changes) -> tf.Tensor:
        """Return the masks after the flips, rotations and zooms of their images."""
        return on_masks(targets, changes)

    def mix(self, targets: tf.Tensor, others: tf.Tensor, mix: Mix) -> Any:
        """Return masks with the pixels pasted in, and where images are blended the others beside them."""
        pasted = paste(targets, others, mix)
        return pasted if mix.blend is None else Mixed(pasted, others, mix.blend)

    def loss(
        self, targets: Any, outputs: Any, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed losses of labelled pixels and their number, divided by the pixels of an image."""
        losses, counts = compute_losses(targets, outputs, options)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(counts * weights)

    def training_sums(self, targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the number of correct pixels, divided by the pixels of an image."""
        return {"accuracy": tf.reduce_sum(pixel_accuracy(targets, outputs) * weights)}

    def measure(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return the confusion matrix, the loss and the share of labelled pixels of each image.

        With boundary_f1 also the pixels at the boundaries of classes, see `metrics.boundaries`.
        """
        losses, counts = pixel_cross_entropy(targets, outputs)
        predicted = tf.argmax(outputs, -1, tf.int32)
        found = {"confusion": count_confusion(targets, predicted, len(self.classes)), "loss": losses, "count": counts}
        if self._has_boundaries:
            reach = boundaries.find_reach(*self._image_size)
            found["boundaries"] = count_boundaries(targets, predicted, len(self.classes), reach)
        return found

    def measure_tile(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return the probabilities of the pixels of each tile."""
        return {"probabilities": tf.nn.softmax(outputs)}

    def join_tiles(
        self, picture: TiledPicture, truth: Mapping[str, np.ndarray], tiles: Iterable[Mapping[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Return the confusion matrix, the loss and the number of labelled pixels of a picture, of blended tiles.

        All are of the picture's own pixels; losses and pixels are divided by those of the model's size.
        """
        maps = (each["probabilities"] for each in tiles)
        return measure_bands(truth["mask"], blend_maps(picture, maps), len(self.classes), picture.geometry)

    def summarise(self, measured: Measured) -> dict[str, float]:
        """Return the mean cross-entropy of labelled pixels, mean IoU, Dice and accuracy; see `metrics.segmentation`."""
        found = {"loss": divide_sums(measured["loss"], measured["count"]), **metrics.score(_total(measured))}
        if self._has_boundaries:
            found[BOUNDARY_F1] = float(boundaries.score(measured["boundaries"].sum(axis=0, dtype=np.int64)))
        return found

    def sample(self, measured: Measured) -> Sample:
        """Return the pixel counts and losses of the pictures, for intervals."""
        losses, counts = (measured[name].astype(np.float64) for name in ("loss", "count"))
        return make_sample(measured["confusion"], losses, counts, measured.get("boundaries"))

    def summarise_classes(self, measured: Measured) -> dict[str, dict[str, float]]:
        """Return IoU, Dice, precision, recall and the number of pictures that have the class, by class."""
        return metrics.describe_classes(measured["confusion"], self.classes, measured.get("boundaries"))

    def prediction_columns(self, measured: Measured) -> dict[str, np.ndarray]:
        """Return mean IoU, Dice, accuracy and loss of each image; NaN for an image without labelled pixels."""
        scores = [metrics.score(confusion) for confusion in measured["confusion"]]
        columns = {name: np.array([score[name] for score in scores]) for name in ("mean_iou", "dice", "accuracy")}
        if self._has_boundaries:
            columns[BOUNDARY_F1] = np.array([float(boundaries.score(counts)) for counts in measured["boundaries"]])
        return {**columns, "loss": _average_loss(measured)}

    def detail_tables(self, measured: Measured) -> dict[str, dict[str, np.ndarray]]:
        """Return the table `confusion`: for each image the pixels of each true class predicted as each class.

        With boundary_f1 also the counts of boundary pixels by class.
        """
        tables = [(name_columns(len(self.classes)), measured["confusion"])]
        if self._has_boundaries:
            tables.append((boundaries.name_columns(len(self.classes)), measured["boundaries"]))
        columns = [zip(names, counts.reshape(len(counts), -1).T, strict=True) for names, counts in tables]
        return {"confusion": dict(itertools.chain.from_iterable(columns))}

    def summarise_constant(self, measured: Measured, labels: np.ndarray) -> dict[str, float] | None:
        """Return the metrics of predicting every pixel by the shares of classes among the training pixels."""
        pixels = labels.sum(axis=0, dtype=np.int64)
        true = _total(measured).sum(axis=1)
        confusion = np.zeros((len(pixels), len(pixels)), np.int64)
        confusion[:, int(pixels.argmax())] = true
        logarithms = np.log(np.maximum(pixels, 1e-6) / pixels.sum())
        loss = float(-(true * logarithms).sum() / true.sum()) if true.sum() else float("nan")
        found = {"loss": loss, **metrics.score(confusion)}
        if self._has_boundaries:
            # What never changes has no boundary.
            counts = measured["boundaries"].sum(axis=0, dtype=np.int64) * np.array([1, 0, 0, 0])
            found[BOUNDARY_F1] = float(boundaries.score(counts))
        return found

    def outcomes(self, measured: Measured) -> MaskOutcomes:
        """Return the number of images: counts of pixels are kept, and no probabilities."""
        return MaskOutcomes(len(measured["confusion"]), self.classes)

    def read_outcomes(self, rows: Sequence[Mapping[str, str]]) -> MaskOutcomes:
        """Return the number of rows of predictions.csv."""
        return MaskOutcomes(len(rows), self.classes)

    @property
    def output_columns(self) -> tuple[str, ...]:
        """Return the names of the cells of predictions: the share of pixels of each class."""
        return tuple(f"share_{name}" for name in self.classes)

    def decode(self, outputs: np.ndarray, placements: Sequence[Placement | None]) -> Iterator[Prediction]:
        """Yield for each image its mask, at the image's own size, and the share of pixels of each class."""
        for logits, placement in zip(outputs, placements, strict=True):
            mask = logits.argmax(-1).astype(np.uint8)
            if placement is not None:
                size = tf.constant(placement.height), tf.constant(placement.width)
                mask = restore_mask(tf.constant(mask), *size, placement.geometry).numpy()
            counts = np.bincount(mask.reshape(-1), minlength=IGNORE + 1)[: len(self.classes)]
            shares = counts / max(int(counts.sum()), 1)
            yield Prediction(dict(zip(self.output_columns, shares.tolist(), strict=True)), mask)

    def decode_tiles(self, picture: TiledPicture, tiles: Iterable[np.ndarray]) -> Prediction:
        """Return the mask of blended tiles, and the share of pixels of each class."""
        mask = np.empty((picture.height, picture.width), np.uint8)
        counts = np.zeros(len(self.classes), np.int64)
        for top, band in blend_maps(picture, (tf.nn.softmax(logits).numpy() for logits in tiles)):
            mask[top : top + len(band)] = rows = band.argmax(-1).astype(np.uint8)
            counts += np.bincount(rows.reshape(-1), minlength=len(counts))
        shares = counts / mask.size
        return Prediction(dict(zip(self.output_columns, shares.tolist(), strict=True)), mask)

    def difference(self, measured: Measured, outputs: np.ndarray, targets: Any) -> np.ndarray:
        """Return for each image the difference in loss, or the share of pixels that differ if that is larger."""
        logits = tf.constant(np.log(np.maximum(outputs, _SMALLEST)))
        found = {name: rows.numpy() for name, rows in self.measure(tf.constant(targets), logits).items()}
        loss = np.abs(_average_loss(found) - _average_loss(measured))
        moved = np.abs(found["confusion"].astype(np.int64) - measured["confusion"]).sum(axis=(1, 2))
        pixels = np.maximum(measured["confusion"].sum(axis=(1, 2)), 1)
        return np.maximum(np.nan_to_num(loss), moved / (2 * pixels))


def _names_from(strides: Sequence[int], finest: int) -> tuple[str, ...]:
    return tuple(f"stride{stride}" for stride in strides if stride >= finest)


def _total(measured: Measured) -> np.ndarray:
    total: np.ndarray = measured["confusion"].sum(axis=0, dtype=np.int64)
    return total


def _average_loss(measured: Measured) -> np.ndarray:
    """Return the mean loss of the labelled pixels of each image; NaN for one without any."""
    return divide(measured["loss"].astype(np.float64), measured["count"])
