from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.metrics.segmentation import score_classes
from kerastune_ft.reporting.page import document
from kerastune_ft.reporting.results import masks
from kerastune_ft.reporting.results.base import Results
from tests.support import label_run_files as files


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    run = tmp_path_factory.mktemp("runs") / "cells-1"
    return run, files.write_masks(run)["test"]


@pytest.fixture(scope="module")
def page(made: tuple[Path, np.ndarray]) -> str:
    return document.render(made[0])


def test_figures_by_class_are_from_the_pixels_of_the_test_split(made: tuple[Path, np.ndarray]) -> None:
    run, counts = made
    rows = document.summarise(run)["classes"]
    scores = score_classes(counts)
    assert [row["class"] for row in rows] == ["background", "nucleus", "edge"]
    for metric in ("iou", "dice", "precision", "recall"):
        assert [row[metric] for row in rows] == scores[metric].tolist()
    assert [row["pixel_share"] for row in rows] == (counts.sum(axis=1) / counts.sum()).tolist()
    assert sum(row["predicted_share"] for row in rows) == pytest.approx(1)
    assert all(row["interval"][0] <= row["iou"] <= row["interval"][1] for row in rows)


def test_without_counts_the_figures_are_those_of_metrics_json(tmp_path: Path) -> None:
    counts = files.write_masks(tmp_path / "r")["test"]
    (tmp_path / "r" / "evaluation" / "confusion.csv").unlink()
    rows = document.summarise(tmp_path / "r")["classes"]
    assert [row["dice"] for row in rows] == score_classes(counts)["dice"].tolist()
    page = document.render(tmp_path / "r")
    assert ">IoU<" in page
    assert "Confusion matrix" not in page


def test_a_class_that_does_not_occur_has_no_figures() -> None:
    (one, other) = masks.score_classes(np.array([[4, 0], [0, 0]]), ["a", "b"])
    assert one["iou"] == 1
    assert other == {
        "class": "b",
        "iou": None,
        "dice": None,
        "precision": None,
        "recall": None,
        "pixel_share": 0,
        "predicted_share": 0,
    }


def test_the_page_shows_classes_pixels_and_examples(made: tuple[Path, np.ndarray], page: str) -> None:
    for told in ("Class by class", ">IoU<", "Confusion matrix of pixels", "image segmentation", 'href="#mistakes"'):
        assert told in page
    assert f"{made[1][0, 0]:,}" in page
    assert "one of 3 classes for every pixel: background, nucleus, edge" in page
    assert page.count("data:image/png;base64,") == 1
    assert "dice <b>0.8125</b>" in page
    assert "cells/test-000.png" in page


def test_splits_of_metrics_json_are_no_classes(made: tuple[Path, np.ndarray]) -> None:
    found = document.summarise(made[0])
    assert list(found["metrics"]) == ["validation", "test"]
    assert found["margin"]["verdict"] == "better"
    assert "mean IoU" in found["margin"]["text"]


def test_without_examples_nothing_of_a_patient_is_on_the_page(tmp_path: Path) -> None:
    files.write_masks(tmp_path / "r", examples=False)
    told = document.render(tmp_path / "r") + json.dumps(document.summarise(tmp_path / "r"))
    assert "Class by class" in told
    for private in ("cells/", ".png", "P-0", "<img", "ward"):
        assert private not in told, private


def test_before_the_evaluation_the_page_says_what_is_missing(tmp_path: Path) -> None:
    files.write_masks(tmp_path / "r")
    for name in ("metrics.json", "evaluation/confusion.csv", "evaluation/predictions.csv"):
        (tmp_path / "r" / name).unlink()
    page = document.render(tmp_path / "r")
    assert "<code>evaluation/predictions.csv</code> is written when the final model is evaluated" in page


def _rows(count: int) -> list[dict[str, str]]:
    random = np.random.default_rng(0)
    columns = ("count_0_0", "count_0_1", "count_1_0", "count_1_1")
    return [
        {"split": "test", "input": str(number), **{name: str(random.integers(1, 9)) for name in columns}}
        for number in range(count)
    ]


def test_intervals_of_classes_draw_pictures_or_their_groups() -> None:
    results = Results(names=("a", "b"), confusion=_rows(12))
    (one, other) = masks.MaskPage().summarise(results)["classes"]
    counts = np.array([[int(row[f"count_{true}_{found}"]) for true in (0, 1) for found in (0, 1)] for row in _rows(12)])
    drawn = np.random.default_rng(1).integers(0, 12, (4000, 12))
    sums = counts[drawn].sum(axis=1)
    expected = np.quantile(sums[:, 3] / (sums[:, 1] + sums[:, 2] + sums[:, 3]), [0.025, 0.975])
    assert other["interval"] == pytest.approx(tuple(expected), abs=0.03)
    groups = {str(number): str(number // 6) for number in range(12)}
    (grouped, _) = masks.MaskPage().summarise(results._replace(groups=groups))["classes"]
    assert grouped["interval"] != one["interval"]
    (unknown, _) = masks.MaskPage().summarise(results._replace(groups={"0": "x"}))["classes"]
    assert unknown["interval"] is None
