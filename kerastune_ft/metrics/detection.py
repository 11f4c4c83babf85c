"""Metrics of detection by COCO's protocol, computed by hotcoco: average precision over overlaps, by class and by size.

Lin and others, Microsoft COCO: Common Objects in Context, 2014; the rules in detail are those of pycocotools, whose
figures the tests compare. In short: detections of one class are taken by falling score, and each finds the true box of
its class and picture that it overlaps most, if by an IoU (intersection over union) of at least the threshold and no
other one has found it. Average precision is the mean of precision at 101 recalls from 0 to 1, where the precision at a
recall is the largest one at that recall or a higher one. True boxes of crowds are neither found nor missed.

Arrays are those of `Task.measure`, in pixels of the pictures themselves, rows of -1 being no box:

- detections [pictures, k, 6]: xmin, ymin, xmax, ymax, class, score;
- truth [pictures, m, 7]: xmin, ymin, xmax, ymax, class, 1 for crowds else 0, area.

A class without a true box has no average precision (NaN), and means leave it out; so of pictures without any true box
there are no figures at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.boxes.arrays import LIMIT, SIZES, is_box, to_corner_and_size
from kerastune_ft.metrics.boxes.matches import AT_50, AT_75

INSTALL = 'python -m pip install "hotcoco>=1.3"'
"""The command that installs what computes these metrics; the extra `detection` has it too."""

DIRECTIONS: Mapping[str, str] = MappingProxyType(
    {"mean_average_precision": "max", "mean_average_precision_50": "max", "mean_average_precision_75": "max"}
)
"""Which way is better, by metric."""


def require_hotcoco() -> Any:
    """Return the module hotcoco; raise ConfigError with the command that installs it where it is missing."""
    try:
        import hotcoco
    except ImportError as problem:
        raise ConfigError(
            f"task.kind: metrics of object_detection are computed by hotcoco, which is not installed: {INSTALL}"
        ) from problem
    return hotcoco


class _Curves(NamedTuple):
    """What hotcoco gives, -1 where there is no true box."""

    precision: np.ndarray
    """float64 [overlaps, recalls, classes, sizes with all first, limits]"""
    recall: np.ndarray
    """float64 [overlaps, classes, sizes with all first, limits]"""


def score(detections: np.ndarray, truth: np.ndarray, classes: int) -> dict[str, float]:
    """Return mean_average_precision over the overlaps .5, .55, ... .95, and that at .5 and at .75.

    The mean is over the classes that have a true box; NaN where none has, and for detections that are not finite.
    Raises ConfigError where hotcoco is missing.
    """
    return score_at_limit(detections, truth, classes, LIMIT)


def score_classes(detections: np.ndarray, truth: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by class its average_precision, that at .5 and at .75, and how many true boxes and pictures it has.

    `boxes` are those that count, without crowds; `examples` are the pictures that have one of these. Average precision
    is NaN for a class without a true box.
    """
    found = _average_precision(_evaluate(detections, truth, len(names)).precision)
    counts = count_truth(truth, len(names))
    return {
        name: {
            **{metric: float(values[number]) for metric, values in found.items()},
            "boxes": int(counts[:, number].sum()),
            "examples": int((counts[:, number] > 0).sum()),
        }
        for number, name in enumerate(names)
    }


def score_sizes(detections: np.ndarray, truth: np.ndarray, classes: int) -> dict[str, Any]:
    """Return COCO's other figures: average precision by size, and average recall by limit and by size.

    `average_precision` and `average_recall` are by size, `average_recall_at` by how many detections of a class count in
    a picture (1, 10, 100). NaN where there are no true boxes of a size.
    """
    curves = _evaluate(detections, truth, classes)
    precision = np.where(curves.precision > -1, curves.precision, np.nan)[..., -1]
    recall = np.where(curves.recall > -1, curves.recall, np.nan)
    return {
        "average_precision": {size: float(_mean(precision[:, :, :, 1 + n])) for n, size in enumerate(SIZES)},
        "average_recall": {size: float(_mean(recall[:, :, 1 + n, -1])) for n, size in enumerate(SIZES)},
        "average_recall_at": {str(limit): float(_mean(recall[:, :, 0, n])) for n, limit in enumerate((1, 10, LIMIT))},
    }


def score_at_limit(detections: np.ndarray, truth: np.ndarray, classes: int, limit: int) -> dict[str, float]:
    """Return the metrics of `score` where `limit` detections of a class count in a picture, and not COCO's 100."""
    found = _average_precision(_evaluate(detections, truth, classes, limit).precision)
    return {name: float(_mean(found[name.removeprefix("mean_")])) for name in DIRECTIONS}


def count_truth(truth: np.ndarray, classes: int) -> np.ndarray:
    """Return how many true boxes of each class every picture has, without crowds; int64 [pictures, classes]."""
    pictures, places = np.nonzero(is_box(truth) & (truth[..., 5] == 0))
    counts = np.zeros((len(truth), classes), np.int64)
    np.add.at(counts, (pictures, truth[pictures, places, 4].astype(np.int64)), 1)
    return counts


def _average_precision(precision: np.ndarray) -> dict[str, np.ndarray]:
    """Return by metric the average precision of every class for boxes of any size, NaN without a true box."""
    known = np.where(precision > -1, precision, np.nan)[:, :, :, 0, -1]
    return {
        "average_precision_50": known[AT_50].mean(axis=0),
        "average_precision_75": known[AT_75].mean(axis=0),
        "average_precision": known.mean(axis=(0, 1)),
    }


def _mean(values: np.ndarray) -> np.floating[Any]:
    known = values[~np.isnan(values)]
    return known.mean() if len(known) else np.float64(np.nan)


def _evaluate(detections: np.ndarray, truth: np.ndarray, classes: int, limit: int = LIMIT) -> _Curves:
    """Return precision and recall at the limits 1, 10 and `limit`."""
    hotcoco = require_hotcoco()
    _check(detections, truth)
    shape = len(SIZES) + 1, 3
    if not np.isfinite(detections).all():
        return _Curves(np.full((10, 101, classes, *shape), -1.0), np.full((10, classes, *shape), -1.0))
    pictures, places = np.nonzero(is_box(truth))
    true = truth[pictures, places].astype(np.float64)
    known = hotcoco.COCO.from_arrays(
        [{"id": number, "width": 1, "height": 1} for number in range(1, len(truth) + 1)],
        [{"id": number, "name": str(number)} for number in range(1, classes + 1)],
        pictures + 1,
        true[:, 4].astype(np.int64) + 1,
        to_corner_and_size(true[:, :4]),
        area=true[:, 6],
        iscrowd=true[:, 5].astype(np.int64),
    )
    pictures, places = np.nonzero(is_box(detections))
    found = detections[pictures, places].astype(np.float64)
    columns = (pictures + 1, *to_corner_and_size(found[:, :4]).T, found[:, 5], found[:, 4] + 1)
    evaluation = hotcoco.COCOeval(known, known.load_res(np.stack(columns, axis=1)), "bbox")
    if limit != LIMIT:
        evaluation.params.max_dets = [1, 10, limit]
    evaluation.evaluate()
    evaluation.accumulate()
    return _Curves(evaluation.eval["precision"], evaluation.eval["recall"])


def _check(detections: np.ndarray, truth: np.ndarray) -> None:
    if detections.ndim != 3 or detections.shape[2] != 6 or truth.ndim != 3 or truth.shape[2] != 7:
        raise ValueError(
            f"detections are [pictures, k, 6] and true boxes [pictures, m, 7]; these are {list(detections.shape)} and "
            f"{list(truth.shape)}"
        )
    if len(detections) != len(truth):
        raise ValueError(f"there are detections of {len(detections)} pictures and true boxes of {len(truth)}")
