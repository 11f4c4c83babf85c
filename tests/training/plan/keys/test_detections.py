from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kerastune_ft.training.plan.keys.detections import notes


def session(limit: int, predicts_boxes: bool = True) -> Any:
    task = SimpleNamespace(predicts_boxes=predicts_boxes, classes=("a", "b"), limit=limit)
    return SimpleNamespace(task=task, model=SimpleNamespace(output=SimpleNamespace(shape=(None, 5000, 13))))


def test_many_boxes_are_told_with_what_they_cost() -> None:
    (said,) = notes(session(1000))
    assert "4,000 x 4,000 pairs are compared in each, about 480.0 MB" in said
    # There are no more candidates than places and classes.
    (said,) = notes(session(4000))
    assert "10,000 x 10,000 pairs" in said


def test_as_many_as_usual_are_not() -> None:
    assert notes(session(150)) == notes(session(100)) == notes(session(1000, predicts_boxes=False)) == []
