from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import DataError
from kerastune_ft.metrics import detection
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.verification import metrics
from kerastune_ft.verification.results.base import Table
from kerastune_ft.verification.results.boxes import BoxCheck
from kerastune_ft.verification.run_record import Findings, RunRecord
from tests.support import label_run_files, run_files
from tests.support.drawn_boxes import draw_boxes

CLASSES = ("platelet", "red", "white", "absent")


def read(run: Path) -> Table:
    record = RunRecord(RunDirectory(run), is_live=False)
    return metrics.make_table(record, metrics.read_results(record))


def findings(run: Path) -> list[str]:
    """What verification finds wrong with the results of a run, of which test alone is written."""
    found = Findings()
    record = RunRecord(RunDirectory(run), is_live=False)
    metrics.check_predictions(record, found)
    metrics.check_metrics(record, found)
    texts = [f"{each.place}: {each.message}" for each in found.found]
    return [text for text in texts if "last phase measured" not in text and "splits.csv" not in text]


def test_figures_are_those_of_hotcoco(tmp_path: Path) -> None:
    label_run_files.write_boxes(tmp_path / "r")
    table = read(tmp_path / "r")
    detections, truth = draw_boxes(len(table.rows), 3, 4, ties=False)
    found = BoxCheck().score(table)
    expected = detection.score(detections, truth, 4)
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-9)
    by_class = detection.score_classes(detections, truth, CLASSES)
    for name, scores in BoxCheck().score_classes(table).items():
        assert scores == pytest.approx(by_class[name], abs=1e-9, nan_ok=True)


def test_some_of_the_rows_are_pictures_of_their_own(tmp_path: Path) -> None:
    label_run_files.write_boxes(tmp_path / "r")
    table = read(tmp_path / "r")
    detections, truth = draw_boxes(len(table.rows), 3, 4, ties=False)
    some = Table(table.rows[5:15], table.labels, thresholds=table.thresholds)
    expected = detection.score(detections[5:15], truth[5:15], 4)
    assert BoxCheck().score(some)["mean_average_precision"] == pytest.approx(expected["mean_average_precision"])


@pytest.mark.parametrize("examples", [True, False])
def test_a_run_that_follows_from_its_boxes_holds(tmp_path: Path, examples: bool) -> None:
    label_run_files.write_boxes(tmp_path / "r", examples=examples)
    assert findings(tmp_path / "r") == []


def change_metric(document: dict[str, Any]) -> None:
    document["test"]["mean_average_precision"] += 1e-6


def change_loss(document: dict[str, Any]) -> None:
    document["test"]["loss"] += 1e-3


def change_class(document: dict[str, Any]) -> None:
    document["classes"]["test"]["red"]["boxes"] += 1


@pytest.mark.parametrize("change", [change_metric, change_loss, change_class])
def test_figures_that_do_not_follow_are_found(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    label_run_files.write_boxes(tmp_path / "r")
    place = tmp_path / "r" / "metrics.json"
    document = json.loads(place.read_text())
    change(document)
    run_files.write_json(place, document)
    (found,) = findings(tmp_path / "r")
    assert found.startswith("metrics.json, ") and "by evaluation/predictions.csv" in found


def test_a_detection_that_was_taken_out_is_found(tmp_path: Path) -> None:
    label_run_files.write_boxes(tmp_path / "r")
    place = tmp_path / "r" / "evaluation" / "detections.csv"
    rows = list(csv.DictReader(place.read_text().splitlines()))
    wrong = next(row for row in rows if row["verdict"] == "hit")
    run_files.write_csv(place, [row for row in rows if row is not wrong])
    line = int(wrong["number"]) + 1
    assert any(
        text.startswith(f"evaluation/predictions.csv, line {line}: detected is") for text in findings(tmp_path / "r")
    )


def test_a_box_of_an_example_that_is_not_there_is_said(tmp_path: Path) -> None:
    label_run_files.write_boxes(tmp_path / "r")
    place = tmp_path / "r" / "evaluation" / "truth.csv"
    rows = list(csv.DictReader(place.read_text().splitlines()))
    rows[0]["number"] = "999"
    run_files.write_csv(place, rows)
    with pytest.raises(DataError, match=r"truth\.csv has a row of example 999 of test, which has 60"):
        read(tmp_path / "r")
