"""Random pictures with true boxes and detections, with everything in them that matching has to get right."""

from __future__ import annotations

import numpy as np


def draw_boxes(
    pictures: int, classes: int, seed: int = 0, *, most: int = 12, detections: int = 40, ties: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return detections [pictures, detections, 6] and true boxes [pictures, most, 7] as `metrics.detection` has them.

    Some pictures have no true box and some no detection, some true boxes are crowds, others smaller than a pixel, and
    with `ties` many scores are the same. Several detections lie on one true box, some of another class.
    """
    random = np.random.default_rng(seed)
    found = np.full((pictures, detections, 6), -1, np.float32)
    truth = np.full((pictures, most, 7), -1, np.float32)
    for picture in range(pictures):
        count = int(random.integers(0, most + 1))
        corners, sizes = random.uniform(0, 300, (count, 2)), random.uniform(2, 140, (count, 2))
        sizes[random.random(count) < 0.15] /= 200
        truth[picture, :count, :2], truth[picture, :count, 2:4] = corners, corners + sizes
        truth[picture, :count, 4] = random.integers(0, classes, count)
        truth[picture, :count, 5] = random.random(count) < 0.1
        truth[picture, :count, 6] = sizes.prod(axis=1)
        if picture % 7 == 3:
            continue
        own = int(random.integers(0, detections + 1))
        moved = random.uniform(0, 300, (own, 4))
        moved[:, 2:] = moved[:, :2] + 20
        kind = random.integers(0, classes, own)
        if count:
            source = random.integers(0, count, own)
            spread = 0.06 * (truth[picture, source, 2:4] - truth[picture, source, :2])
            moved = truth[picture, source, :4] + random.normal(0, 1, (own, 4)) * np.tile(spread, 2)
            kind = np.where(random.random(own) < 0.8, truth[picture, source, 4], kind)
        scores = random.random(own)
        found[picture, :own, :4], found[picture, :own, 4] = moved, kind
        found[picture, :own, 5] = np.round(scores, 1) if ties else scores
    return found, truth


def evaluate_with_pycocotools(
    detections: np.ndarray, truth: np.ndarray, classes: int, limit: int = 100
) -> tuple[np.ndarray, np.ndarray]:
    """Return precision and recall of pycocotools, as its COCOeval has them; it prints, which the caller may capture."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    known = COCO()
    known.dataset = {
        "images": [{"id": number + 1} for number in range(len(truth))],
        "categories": [{"id": number + 1, "name": str(number)} for number in range(classes)],
        "annotations": [
            {"id": number + 1, "image_id": int(picture) + 1, "category_id": int(box[4]) + 1, "area": float(box[6]),
             "iscrowd": int(box[5]), "bbox": _to_corner_and_size(box)}
            for number, (picture, box) in enumerate(_list(truth))
        ],
    }  # fmt: skip
    known.createIndex()
    rows = [
        {"image_id": int(picture) + 1, "category_id": int(box[4]) + 1, "score": float(box[5]),
         "bbox": _to_corner_and_size(box)}
        for picture, box in _list(detections)
    ]  # fmt: skip
    # It opens no empty list of results.
    found = known.loadRes(rows) if rows else COCO()
    evaluation = COCOeval(known, found, "bbox")
    evaluation.params.maxDets = [1, 10, limit]
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval["precision"], evaluation.eval["recall"]


def _list(boxes: np.ndarray) -> list[tuple[int, np.ndarray]]:
    return [(picture, box) for picture, own in enumerate(boxes) for box in own if box[4] >= 0]


def _to_corner_and_size(box: np.ndarray) -> list[float]:
    left, top, right, bottom = (float(value) for value in box[:4])
    return [left, top, right - left, bottom - top]
