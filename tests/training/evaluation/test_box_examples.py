from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.metrics.boxes.verdicts import judge
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.evaluation.box_examples import choose_worst, write_box_examples
from kerastune_ft.training.phase.evaluate import Evaluated
from tests.support.drawn_boxes import draw_boxes

NAMES = ["red", "white"]
HALF = np.array([0.5, 0.5])


def _session(detections: np.ndarray, truth: np.ndarray, size: tuple[int, int], of: tuple[int, int]) -> Any:
    seen = {"size": list(size), "of": list(of), "resize": "pad", "cut": 0.0}
    loader = SimpleNamespace(
        describe_inputs=lambda indices: [seen for _ in indices],
        inputs=lambda indices, batch: [np.full((len(indices), *size, 3), 90.0, np.float32)],
    )
    task = SimpleNamespace(
        scheme=SimpleNamespace(names=NAMES), shown_thresholds=dict(zip(NAMES, HALF.tolist(), strict=True))
    )
    return SimpleNamespace(loader=loader, task=task)


def test_the_largest_missed_boxes_come_first_and_a_picture_once() -> None:
    detections, truth = draw_boxes(30, 2, 5)
    verdicts = judge(detections, truth, HALF)
    found = choose_worst(detections, truth, verdicts, NAMES)
    assert [said["kind"] for _, said in found] == ["missed"] * 5 + ["false alarm"] * 5
    assert len({place for place, _ in found}) == 10
    scores = [said["score"] for _, said in found[5:]]
    assert scores == sorted(scores, reverse=True) and {said["label"] for _, said in found[5:]} <= set(NAMES)
    missed = verdicts.count()["missed"]
    assert [said["missed"] for _, said in found[:5]] == [missed[place] for place, _ in found[:5]]


def test_without_a_fault_nothing_is_shown() -> None:
    detections, truth = np.full((2, 1, 6), -1, np.float32), np.full((2, 1, 7), -1, np.float32)
    assert choose_worst(detections, truth, judge(detections, truth, HALF), NAMES) == []


def test_boxes_are_drawn_where_the_fitted_picture_has_them(tmp_path: Path) -> None:
    # A picture twice as wide as high stands padded in the middle of the model's square.
    truth = np.array([[[0, 0, 200, 100, 0, 0, 20000]]], np.float32)
    detections = np.array([[[100, 50, 200, 100, 1, 0.9]]], np.float32)
    run = RunDirectory(tmp_path)
    evaluated = {"test": Evaluated(np.array([7]), {"detections": detections, "truth": truth})}
    rows = [{"split": "test", "input": "cells/a.png"}]
    write_box_examples(_session(detections, truth, (64, 64), (100, 200)), run, rows, evaluated)
    (entry,) = run.read_json("evaluation/examples.json")
    assert (
        entry["input"] == "cells/a.png" and entry["kind"] == "missed" and list(entry["panels"]) == ["labelled", "found"]
    )
    for panel, top, left in (("labelled", 112, 0), ("found", 224, 224)):
        drawn = np.asarray(Image.open(tmp_path / "evaluation" / "examples" / entry["panels"][panel])).astype(int)
        is_red = (drawn[..., 0] > 150) & (drawn[..., 1] < 110) & (drawn[..., 2] < 110)
        # A side of the box is red, and what lies above it and inside it is not.
        assert is_red[330:335, left + 60 : 440].any(axis=0).all()
        assert not is_red[: top - 40].any() and not is_red[280:300, left + 60 : 430].any()


@pytest.mark.parametrize("left", ["evaluation/examples/09-truth.jpg"])
def test_pictures_of_an_earlier_evaluation_are_removed(tmp_path: Path, left: str) -> None:
    run = RunDirectory(tmp_path)
    run.commit(left, b"old")
    detections, truth = np.full((1, 1, 6), -1, np.float32), np.full((1, 1, 7), -1, np.float32)
    evaluated = {"test": Evaluated(np.array([0]), {"detections": detections, "truth": truth})}
    rows = [{"split": "test", "input": "a"}]
    write_box_examples(_session(detections, truth, (64, 64), (100, 200)), run, rows, evaluated)
    assert not run.exists(left) and run.read_json("evaluation/examples.json") == []
