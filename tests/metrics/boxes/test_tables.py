from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from kerastune_ft.metrics import detection
from kerastune_ft.metrics.boxes import tables
from kerastune_ft.metrics.boxes.verdicts import judge
from tests.support.drawn_boxes import draw_boxes

NAMES = ["red", "white"]
DETECTIONS, TRUTH = draw_boxes(9, 2, 3)
VERDICTS = judge(DETECTIONS, TRUTH, np.array([0.5, 0.5]))


def _write(pictures: np.ndarray, columns: dict[str, Any]) -> list[dict[str, str]]:
    """Return the rows of a table as they are read from a file."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["number", *columns])
    writer.writerows(zip(pictures + 1, *columns.values(), strict=True))
    return list(csv.DictReader(io.StringIO(text.getvalue())))


def test_what_is_written_is_read_to_the_bit() -> None:
    found = tables.read_detections(_write(*tables.list_detections(DETECTIONS, NAMES, VERDICTS)), NAMES, 9)
    truth = tables.read_truth(_write(*tables.list_truth(TRUTH, NAMES, VERDICTS)), NAMES, 9)
    for own, other in ((found, DETECTIONS), (truth, TRUTH)):
        for picture, wanted in zip(own, other, strict=True):
            kept = wanted[wanted[:, 4] >= 0]
            kept = kept[np.argsort(-kept[:, 5], kind="stable")] if other is DETECTIONS else kept
            assert np.array_equal(picture[: len(kept)], kept) and (picture[len(kept) :] == -1).all()
    assert detection.score(found, truth, 2) == pytest.approx(detection.score(DETECTIONS, TRUTH, 2), abs=1e-12)


def test_verdicts_in_words() -> None:
    rows = _write(*tables.list_detections(DETECTIONS, NAMES, VERDICTS))
    assert {row["verdict"] for row in rows} == {"", "hit", "another class", "false alarm", "crowd"}
    assert all((row["verdict"] == "") == (float(row["score"]) < 0.5) for row in rows)
    missed = [row for row in _write(*tables.list_truth(TRUTH, NAMES, VERDICTS)) if row["verdict"] == "missed"]
    assert missed and all(row["crowd"] == "0" for row in missed)


def test_boxes_of_no_class_or_picture_of_the_run_are_refused() -> None:
    rows = _write(*tables.list_detections(DETECTIONS, NAMES, VERDICTS))
    with pytest.raises(ValueError, match="class 'white' in picture"):
        tables.read_detections(rows, NAMES[:1], 9)
    with pytest.raises(ValueError, match="picture 9 of 2"):
        tables.read_detections(rows[-1:], NAMES, 2)


def test_other_tools_read_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = np.full((9, 2), 400)
    document = json.loads(json.dumps(tables.to_ground_truth(TRUTH, NAMES, [f"{n}.png" for n in range(9)], sizes)))
    assert document["images"][2] == {"id": 3, "file_name": "2.png", "height": 400, "width": 400}
    known = COCO()
    known.dataset = document
    known.createIndex()
    evaluation = COCOeval(known, known.loadRes(json.loads(json.dumps(tables.to_results(DETECTIONS)))), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    capsys.readouterr()
    assert evaluation.stats[0] == pytest.approx(detection.score(DETECTIONS, TRUTH, 2)["mean_average_precision"])
