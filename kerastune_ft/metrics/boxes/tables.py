"""The tables of boxes in a run's directory, and the same in COCO's JSON; what is written is read again to the bit.

detections.csv has a row for every detection and truth.csv one for every true box. `number` is the place of the picture
among those of its split, from 1, which is its `image_id` in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics.boxes.arrays import is_box, pad, to_corner_and_size
from kerastune_ft.metrics.boxes.verdicts import HIT, IGNORED, OTHER, Verdicts

CORNERS = ("xmin", "ymin", "xmax", "ymax")
"""The columns of a box's edges, in pixels of the picture itself."""
_ALONE = "false alarm", "missed"


def list_detections(
    detections: np.ndarray, names: Sequence[str], verdicts: Verdicts
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the place of the picture of every detection, by falling score in a picture, and the columns of its row.

    `verdict` is `hit`, `another class`, `false alarm` or `crowd`, see `verdicts.py`, and empty for a score below the
    threshold of the class.
    """
    pictures, places = np.nonzero(is_box(detections))
    order = np.lexsort((places, -detections[pictures, places, 5], pictures))
    pictures, places = pictures[order], places[order]
    rows = detections[pictures, places]
    return pictures, {
        "label": _name(rows, names),
        "score": rows[:, 5],
        **{name: rows[:, place] for place, name in enumerate(CORNERS)},
        "verdict": [_say(int(each), _ALONE[0]) for each in verdicts.detections[pictures, places]],
    }


def list_truth(truth: np.ndarray, names: Sequence[str], verdicts: Verdicts) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the place of the picture of every true box and the columns of its row; `verdict` is what became of it."""
    pictures, places = np.nonzero(is_box(truth))
    rows = truth[pictures, places]
    return pictures, {
        "label": _name(rows, names),
        **{name: rows[:, place] for place, name in enumerate(CORNERS)},
        "area": rows[:, 6],
        "crowd": rows[:, 5].astype(np.int64),
        "verdict": [_say(int(each), _ALONE[1]) for each in verdicts.truth[pictures, places]],
    }


def describe_pictures(detections: np.ndarray, truth: np.ndarray, verdicts: Verdicts) -> dict[str, np.ndarray]:
    """Return the columns of predictions.csv, a cell for each picture.

    `boxes` are its true boxes without crowds, `detected` its detections from the thresholds on, and `best_score` is the
    highest score of any detection, NaN without one.
    """
    scores = np.where(is_box(detections), detections[..., 5].astype(np.float64), -np.inf).max(axis=1, initial=-np.inf)
    return {
        "boxes": (is_box(truth) & (truth[..., 5] == 0)).sum(axis=1),
        "detected": (verdicts.detections > 0).sum(axis=1),
        **verdicts.count(),
        "best_score": np.where(np.isfinite(scores), scores, np.nan),
    }


def _name(rows: np.ndarray, names: Sequence[str]) -> list[str]:
    return [names[int(number)] for number in rows[:, 4]]


def _say(verdict: int, alone: str) -> str:
    return {HIT: "hit", OTHER: "another class", IGNORED: "crowd", 0: ""}.get(verdict, alone)


def read_detections(rows: Iterable[Mapping[str, str]], names: Sequence[str], pictures: int) -> np.ndarray:
    """Return the detections of `pictures` pictures from rows of detections.csv of one split.

    Raises KeyError and ValueError for rows that lack a column or hold something else.
    """
    return _read_boxes(rows, names, pictures, ("score",))


def read_truth(rows: Iterable[Mapping[str, str]], names: Sequence[str], pictures: int) -> np.ndarray:
    """Return the true boxes likewise, from rows of truth.csv."""
    return _read_boxes(rows, names, pictures, ("crowd", "area"))


def _read_boxes(
    rows: Iterable[Mapping[str, str]], names: Sequence[str], pictures: int, more: tuple[str, ...]
) -> np.ndarray:
    numbers = {name: number for number, name in enumerate(names)}
    boxes: list[list[list[float]]] = [[] for _ in range(pictures)]
    for row in rows:
        number = int(row["number"])
        if not 1 <= number <= pictures or row["label"] not in numbers:
            raise ValueError(f"a box of class {row['label']!r} in picture {number} of {pictures} is none of the run's")
        corners = [float(row[name]) for name in CORNERS]
        boxes[number - 1].append([*corners, numbers[row["label"]], *(float(row[name]) for name in more)])
    width = 5 + len(more)
    return pad([np.asarray(own, np.float32).reshape(-1, width) for own in boxes], width)


def to_results(detections: np.ndarray) -> list[dict[str, Any]]:
    """Return the detections in COCO's format of results; image_id and category_id count from 1."""
    return [
        {
            "image_id": picture + 1,
            "category_id": int(box[4]) + 1,
            "bbox": to_corner_and_size(box[:4].astype(np.float64)).tolist(),
            "score": float(box[5]),
        }
        for picture, own in enumerate(detections)
        for box in own[is_box(own)]
    ]


def to_ground_truth(
    truth: np.ndarray, names: Sequence[str], inputs: Sequence[Any], sizes: np.ndarray
) -> dict[str, Any]:
    """Return the true boxes as a data set in COCO's format; `sizes` are height and width, [pictures, 2].

    `inputs` are what pictures are called.
    """
    pictures, places = np.nonzero(is_box(truth))
    return {
        "images": [
            {"id": number, "file_name": str(name), "height": int(height), "width": int(width)}
            for number, (name, (height, width)) in enumerate(zip(inputs, sizes, strict=True), 1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, 1)],
        "annotations": [
            {
                "id": number,
                "image_id": int(picture) + 1,
                "category_id": int(box[4]) + 1,
                "bbox": to_corner_and_size(box[:4].astype(np.float64)).tolist(),
                "area": float(box[6]),
                "iscrowd": int(box[5]),
            }
            for number, (picture, box) in enumerate(zip(pictures, truth[pictures, places], strict=True), 1)
        ],
    }
