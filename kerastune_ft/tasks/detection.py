"""Object detection: a box, a class and a score for every object in an image."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.task_facts import metrics_of_labels
from kerastune_ft.config.options.tasks import ObjectDetection as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.partition import tensor_bytes
from kerastune_ft.input.box_geometry import find_placement, fit_boxes, restore_boxes
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.image_augmentation import Changes, on_boxes
from kerastune_ft.layers.decoders.simple_pyramid import simple_pyramid
from kerastune_ft.layers.detection.answers import merge_detections, place_in_images
from kerastune_ft.layers.detection.fcos import BOX, PLACE, fcos_head
from kerastune_ft.layers.detection.suppression import LEAST_SCORE, find_detections
from kerastune_ft.losses.boxes import compute_losses
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions
from kerastune_ft.metrics import detection as metrics
from kerastune_ft.metrics.box_figures import describe_boxes
from kerastune_ft.metrics.boxes import tables
from kerastune_ft.metrics.boxes.matches import find_overlaps, match
from kerastune_ft.metrics.boxes.thresholds import NO_TRUTH, choose_scores
from kerastune_ft.metrics.boxes.verdicts import Verdicts, judge, leave_out_below
from kerastune_ft.metrics.division import divide_sums
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.detection import make_sample
from kerastune_ft.metrics.outcomes.boxes import BoxOutcomes
from kerastune_ft.tasks import averages
from kerastune_ft.tasks.base import Measured, Placement, Prediction, Task

_WIDTH = 64
_COARSEST = 32
_FINE, _USUAL = 4, 8
# Objects smaller than this, in pixels of the model's image, are found at stride 4 and hardly at stride 8.
_SMALL = 24.0
_LEAST_DETECTIONS = 100
# Boxes of such scores may be there or not by the last digits of a number.
_COMPARED_SCORE = 0.1
# More pairs of boxes than this are compared in several parts, to save memory.
_MOST_PAIRS = 1 << 22


class Detection(Task):
    """A head without anchors on a pyramid of feature maps; see `layers.detection.fcos` and `losses.boxes`.

    Targets are `boxes` [boxes, 7] in pixels of the model's image and the `placement` [6] of that in the image itself.
    The loss is a sum over places divided by the number of places that are matched to a box. `measure` keeps the boxes
    that are answered, in pixels of the images themselves, and no raw outputs.
    """

    fill = 127.0
    predicts_boxes = True
    reads_image_size = True
    output_name = (
        "boxes [number, 6]: left, upper, right and lower edge in pixels of the image as it is given, class, score; the "
        "best first, rows of -1 are no boxes; classes are numbers"
    )
    no_own_objects = (
        "its outputs say for every place of a pyramid what is there, and its loss decides which box is whose"
    )
    jumping_metrics = frozenset(metrics.DIRECTIONS)

    def __init__(
        self, options: Options, head: Head, scheme: LabelScheme, seed: int, image_size: tuple[int, int]
    ) -> None:
        """`scheme` names the classes and knows how many boxes an image has, and how small; `image_size` is the model's.

        `options.max_detections` is by default 100, and twice as many as an image has boxes at most where that is more.
        """
        self.kind, self.scheme, self.classes = options.kind, scheme, scheme.names
        self.metric_directions = {name: facts.direction for name, facts in metrics_of_labels("boxes").items()}
        self._head, self._seed, self._image_size = head, seed, image_size
        self.limit = options.max_detections or max(_LEAST_DETECTIONS, 2 * scheme.most)
        self._thresholds = np.full(len(self.classes), NO_TRUTH)
        self._strides: Sequence[int] = ()

    def endpoints(self, available: Mapping[str, Any], fits: Callable[[Sequence[str]], bool]) -> tuple[str, ...]:
        """Return the feature maps of `head.levels`; by default from stride 8, or 4 where boxes are small, up to 32.

        Stride 4 needs four times the room of stride 8; where the cache has none it is left out. Raises ConfigError for
        a backbone without such maps.
        """
        own = sorted(int(name.removeprefix("stride")) for name in available if name.startswith("stride"))
        wanted = self._wanted_strides
        if len(own) == 1:
            # All levels are made of it, see `head`.
            return _name(own)
        if wanted is None and len(own) > 1:
            names = _name([stride for stride in own if stride >= self._find_finest()])
            fine = self._find_finest() < _USUAL
            return names if not fine or fits(names) else _name([stride for stride in own if stride >= _USUAL])
        read = [stride for stride in wanted or () if stride <= max(own, default=0)] or own[-1:]
        if not own or not set(read) <= set(own):
            there = f"it has strides {', '.join(map(str, own))}" if own else "it has none"
            asked = ", ".join(map(str, wanted)) if wanted else f"{_USUAL} and coarser"
            raise ConfigError(
                f"head.levels: the backbone gives no feature maps of strides {asked}; {there}; "
                "level n is that of stride 2 to the power of n; write other levels, or another backbone"
            )
        return _name(read)

    @property
    def _wanted_strides(self) -> list[int] | None:
        levels = self._head.levels
        return None if not isinstance(levels, tuple) else [2**level for level in levels]

    def _find_finest(self) -> int:
        """Return the finest stride that the sizes of the training boxes ask for."""
        return _FINE if 0 < self.smallest < _SMALL else _USUAL

    @property
    def smallest(self) -> float:
        """Return the size that 90 % of the training boxes exceed, about, in pixels of the model's images."""
        return self.scheme.smallest * max(self._image_size)

    def head(self, features: Mapping[str, Any], mask: Any = None, windows: Any = None) -> Any:
        """Return raw outputs [batch, places, classes + 7], see `fcos_head`.

        The only map of a backbone, as of a vision transformer, is made a pyramid first.
        Raises ConfigError where the library is missing that computes the metrics: not only after training.
        """
        metrics.require_hotcoco()
        finest = min(self._wanted_strides or [self._find_finest()])
        features = simple_pyramid(features, finest, self._seed)
        self._strides = self._wanted_strides or sorted(int(name.removeprefix("stride")) for name in features)
        width, dropout = self._head.width or _WIDTH, self._head.dropout
        return fcos_head(
            features, len(self.classes), self._strides, self._image_size, self._seed, width=width, dropout=dropout
        )

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Return the columns of the raw output of a place, of which every image has as many."""
        return (len(self.classes) + BOX + PLACE,)

    def describe_head(self, endpoints: Mapping[str, Any], outputs: Any) -> dict[str, Any]:
        """Return `detection`: the levels, what they were chosen by, and how many places and boxes an image has.

        `finest` is the stride that the training boxes ask for, None where `head.levels` gives them; `smallest` is the
        size in pixels that it follows from; `bytes` are those of the maps of one image.
        """
        described = {
            "strides": list(self._strides),
            "bytes": {name: int(tensor_bytes(tensor)) for name, tensor in endpoints.items()},
            "smallest": round(self.smallest, 1),
            "finest": None if self._wanted_strides else self._find_finest(),
            "places": int(outputs.shape[1]),
            "max_detections": self.limit,
        }
        return {"detection": described}

    def finish(self, outputs: Any) -> Any:
        """Return the boxes that are answered [batch, max_detections, 6], in pixels of the model's image."""
        return find_detections(outputs, len(self.classes), self._image_size, self.limit)

    def restore(self, outputs: Any, images: Any, geometry: Geometry) -> Any:
        """Return the boxes in pixels of the images as they were before they were fitted to `geometry`."""
        return place_in_images(outputs, images, (geometry.height, geometry.width), geometry.resize)

    def join(self, outputs: Sequence[Any]) -> Any:
        """Return at every place the mean of the scores and of the boxes of several models."""
        classes = len(self.classes)
        logits = averages.join_flags([each[..., :classes] for each in outputs])
        boxes = averages.join_values([each[..., classes : classes + BOX] for each in outputs])
        return keras.ops.concatenate([logits, boxes, outputs[0][..., classes + BOX :]], axis=-1)

    def average(self, measured: Sequence[Measured]) -> dict[str, np.ndarray]:
        """Return the boxes that several models give together, see `merge_detections`, and their losses added up."""
        found = self._merge([each["detections"] for each in measured])
        sums = {name: np.sum([each[name] for each in measured], axis=0) for name in ("loss", "count")}
        kept = {name: measured[0][name] for name in ("truth", "size")}
        return {"detections": found, **kept, **sums}

    def _merge(self, found: Sequence[np.ndarray]) -> np.ndarray:
        """Return the boxes of several models [images, boxes, 6] as one model's, few images at a time."""
        step = max(1, _MOST_PAIRS // sum(each.shape[1] for each in found) ** 2)
        parts = [
            np.asarray(merge_detections([tf.constant(each[start : start + step]) for each in found], self.limit))
            for start in range(0, len(found[0]), step)
        ]
        return np.concatenate(parts)

    def target(self, fields: Mapping[str, tf.Tensor], geometry: Geometry | None = None) -> dict[str, tf.Tensor]:
        """Return `boxes` in pixels of the fitted image, float32 [most, 7], rows of -1 at the end, and `placement` [6].

        `most` is that of the data that the task reads; see `LabelScheme.room`.
        """
        assert geometry is not None
        placement = find_placement(fields["size"], geometry)
        rows = fields["boxes"]
        fitted = tf.concat([fit_boxes(rows[:, :BOX], placement, geometry), rows[:, BOX:]], 1)
        missing = self.scheme.room - tf.shape(rows)[0]
        boxes = tf.pad(fitted, [[0, missing], [0, 0]], constant_values=-1.0)
        return {"boxes": tf.ensure_shape(boxes, [self.scheme.room, 7]), "placement": placement}

    def transform(self, targets: Any, changes: Changes) -> Any:
        """Return the boxes after the flips, rotations and zooms of their images."""
        return {**targets, "boxes": on_boxes(targets["boxes"], changes)}

    def loss(
        self, targets: Any, outputs: Any, weights: tf.Tensor, options: LossOptions = NO_OPTIONS
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the summed losses of all places and how many are matched to a box; see `losses.boxes`."""
        losses, counts = compute_losses(targets["boxes"], outputs, options)
        return tf.reduce_sum(losses * weights), tf.reduce_sum(counts * weights)

    def training_sums(self, targets: Any, outputs: Any, weights: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return nothing: what boxes are worth is seen when whole splits are measured."""
        return {}

    def measure(self, targets: Any, outputs: Any) -> dict[str, tf.Tensor]:
        """Return for each image its `detections` [boxes, 6], its `truth` [boxes, 7], its `loss` and `count`.

        Boxes are in pixels of the image itself, whose height and width are `size`; rows of -1 are none.
        """
        losses, counts = compute_losses(targets["boxes"], outputs)
        found = find_detections(tf.cast(outputs, tf.float32), len(self.classes), self._image_size, self.limit)
        return {
            "detections": self._restore_rows(found, targets["placement"]),
            "truth": self._restore_rows(targets["boxes"], targets["placement"]),
            "loss": losses,
            "count": counts,
            "size": tf.cast(targets["placement"][:, 4:], tf.int32),
        }

    def _restore_rows(self, rows: tf.Tensor, placements: tf.Tensor) -> tf.Tensor:
        corners = restore_boxes(rows[..., :BOX], placements, self._image_size)
        return tf.where(rows[..., BOX : BOX + 1] >= 0, tf.concat([corners, rows[..., BOX:]], -1), -1.0)

    def summarise(self, measured: Measured) -> dict[str, float]:
        """Return the loss of matched places, and COCO's mean average precision; see `metrics.detection`."""
        found = metrics.score(measured["detections"], measured["truth"], len(self.classes))
        return {"loss": divide_sums(measured["loss"], measured["count"]), **found}

    def sample(self, measured: Measured) -> Sample:
        """Return matches and losses of the pictures, for intervals."""
        losses, counts = (measured[name].astype(np.float64) for name in ("loss", "count"))
        matches = match(measured["detections"], measured["truth"], len(self.classes))
        return make_sample(matches, losses, counts)

    def summarise_classes(self, measured: Measured) -> dict[str, dict[str, float]]:
        """Return average precision by class, with how many boxes and pictures it has."""
        return metrics.score_classes(measured["detections"], measured["truth"], self.classes)

    def outcomes(self, measured: Measured) -> BoxOutcomes:
        """Return how many pictures there are."""
        return BoxOutcomes(len(measured["detections"]), self.classes)

    def read_outcomes(self, rows: Sequence[Mapping[str, str]]) -> BoxOutcomes:
        """Return how many pictures rows of predictions.csv are of."""
        return BoxOutcomes(len(rows), self.classes)

    def prediction_columns(self, measured: Measured) -> dict[str, np.ndarray]:
        """Return how many boxes each image has, how many are found and missed, false alarms, and its loss.

        Of the boxes that are answered those count whose score reaches the threshold of their class. `loss` is that of
        an image by itself, over its number of matched `places` or one without any.
        """
        counts = measured["count"].astype(np.float64)
        return {
            **tables.describe_pictures(measured["detections"], measured["truth"], self._judge(measured)),
            "loss": measured["loss"].astype(np.float64) / np.maximum(counts, 1.0),
            "places": counts,
        }

    def part_tables(self, measured: Measured) -> dict[str, tuple[np.ndarray, dict[str, Any]]]:
        """Return `detections` and `truth`: a row for every box that is answered, and for every one that is there."""
        verdicts = self._judge(measured)
        return {
            "detections": tables.list_detections(measured["detections"], self.classes, verdicts),
            "truth": tables.list_truth(measured["truth"], self.classes, verdicts),
        }

    def documents(self, measured: Measured, inputs: Sequence[Any]) -> dict[str, Any]:
        """Return both in COCO's formats of results and of data, for other tools."""
        return {
            "detections": tables.to_results(measured["detections"]),
            "truth": tables.to_ground_truth(measured["truth"], self.classes, inputs, measured["size"]),
        }

    def describe(self, measured: Measured, groups: Sequence[str] | None) -> dict[str, Any]:
        """Return `boxes`: figures by class and size, curves and confusions; see `metrics.box_figures`."""
        arrays = measured["detections"], measured["truth"]
        return {"boxes": describe_boxes(*arrays, self.classes, self.shown_thresholds, groups)}

    def _judge(self, measured: Measured) -> Verdicts:
        return judge(measured["detections"], measured["truth"], self._thresholds)

    @property
    def output_columns(self) -> tuple[str, ...]:
        """Return the names of the numbers of boxes by class."""
        return tuple(f"count_{name}" for name in self.classes)

    def decode(self, outputs: np.ndarray, placements: Sequence[Placement | None]) -> Iterator[Prediction]:
        """Yield for each image the boxes whose score reaches the threshold of their class, in its own pixels."""
        every = np.asarray(self.finish(tf.constant(outputs, tf.float32)))
        for found, placement in zip(every, placements, strict=True):
            rows = found[np.newaxis]
            if placement is not None:
                size = tf.constant([placement.height, placement.width])
                rows = self._restore_rows(rows, find_placement(size, placement.geometry)[tf.newaxis]).numpy()
            shown = leave_out_below(rows, self._thresholds)[0]
            boxes = shown[shown[:, BOX] >= 0]
            counts = np.bincount(boxes[:, BOX].astype(np.int64), minlength=len(self.classes))
            yield Prediction(dict(zip(self.output_columns, counts.tolist(), strict=True)), boxes=boxes)

    def difference(self, measured: Measured, outputs: np.ndarray, targets: Any) -> np.ndarray:
        """Return for each image the largest difference of a score, or share of a box that its partner does not cover.

        Boxes are compared with those of their class that overlap them most, from a score of 0.1 on: which ones have a
        score of just .05 depends on the last digit.
        """
        pairs = zip(measured["detections"], outputs, strict=True)
        return np.array([max(_find_difference(one, other), _find_difference(other, one)) for one, other in pairs])

    def describe_decisions(self) -> dict[str, Any]:
        """Return the score from which a box of each class is shown, and below which none is answered at all."""
        return {
            "thresholds": list(self.shown_thresholds.values()),
            "least_score": LEAST_SCORE,
            "max_detections": self.limit,
        }

    def choose_thresholds(self, measured: Measured) -> dict[str, float]:
        """Choose for each class the score with the best F1 at an IoU of .5, use these and return them."""
        chosen = choose_scores(match(measured["detections"], measured["truth"], len(self.classes)), self.classes)
        self.set_thresholds(chosen)
        return chosen

    def set_thresholds(self, thresholds: Mapping[str, float]) -> None:
        """Show boxes from these scores on, by class; raise ValueError for other classes."""
        if set(thresholds) != set(self.classes):
            raise ValueError(f"the thresholds are those of {', '.join(thresholds)}, not of {', '.join(self.classes)}")
        self._thresholds = np.array([thresholds[name] for name in self.classes], np.float64)

    @property
    def shown_thresholds(self) -> dict[str, float]:
        """Return the score from which a box is shown, by class."""
        return dict(zip(self.classes, self._thresholds.tolist(), strict=True))


def _name(strides: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"stride{stride}" for stride in strides if stride <= _COARSEST or len(strides) == 1)


def _find_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far boxes [boxes, 6] are from the next ones of another answer to the same image."""
    largest = 0.0
    for box in one[one[:, 5] >= _COMPARED_SCORE]:
        alike = other[other[:, 4] == box[4]].astype(np.float64)
        if not len(alike):
            return 1.0
        overlaps = find_overlaps(box[np.newaxis].astype(np.float64), alike, np.zeros(len(alike), bool))[0]
        best = int(overlaps.argmax())
        largest = max(largest, 1.0 - float(overlaps[best]), abs(float(alike[best, 5]) - float(box[5])))
    return largest
