from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.metrics import boundaries, segmentation
from kerastune_ft.metrics.confusion_table import name_columns
from kerastune_ft.metrics.intervals.base import measure
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.verification import metrics
from kerastune_ft.verification.results.base import Table
from kerastune_ft.verification.results.masks import MaskCheck
from kerastune_ft.verification.run_record import Findings, RunRecord
from tests.support import label_run_files, run_files

LABELS = {"kind": "mask", "names": ["a", "b"], "mean": [], "deviation": []}
COLUMNS = name_columns(2)


def row(*counts: object, **more: str) -> dict[str, str]:
    return {**dict(zip(COLUMNS, map(str, counts), strict=True)), **more}


def findings(run: Path) -> list[str]:
    """What verification finds wrong with the results of a run."""
    found = Findings()
    record = RunRecord(RunDirectory(run), is_live=False)
    metrics.check_predictions(record, found)
    metrics.check_metrics(record, found)
    return [f"{each.place}: {each.message}" for each in found.found if "last phase measured" not in each.message]


def test_metrics_are_those_of_the_summed_counts() -> None:
    rows = [row(5, 1, 0, 2), row(3, 0, 1, 4)]
    expected = segmentation.score(np.array([[8, 1], [1, 6]]))
    assert MaskCheck().score(Table(rows, LABELS)) == expected
    losses = [{**row, "loss": loss} for row, loss in zip(rows, ("0.5", "0.25"), strict=True)]
    assert MaskCheck().score(Table(losses, LABELS)) == {"loss": 0.375, **expected}
    assert MaskCheck().score_classes(Table(rows, LABELS))["b"]["recall"] == 6 / 7


def test_a_cell_that_is_no_count_and_metrics_of_other_counts_are_found() -> None:
    scores = {name: repr(value) for name, value in segmentation.score(np.array([[5, 1], [0, 2]])).items()}
    rows = [row(5, 1, 0, 2, **scores), row(5, 1, 0, 2.5), row(5, 1, 0, -2), row(5, 1, 0, 2, **scores | {"dice": "0.5"})]
    faults = dict(MaskCheck().find_faults(Table(rows, LABELS)))
    assert list(faults) == [1, 2, 3]
    assert faults[1] == "count_1_1 is '2.5', which is no number of pixels"
    assert faults[3] == "dice is 0.5, and 0.8 by its counts"


def test_boundary_f1_follows_from_its_counts_and_a_wrong_cell_is_found() -> None:
    lines = np.array([[[4, 4, 4, 4], [9, 6, 8, 2]], [[1, 0, 2, 1], [3, 3, 5, 5]]])
    cells = [dict(zip(boundaries.name_columns(2), map(str, counts.ravel()), strict=True)) for counts in lines]
    rows = [{**row(5, 1, 0, 2), **cells[0]}, {**row(3, 0, 1, 4), **cells[1]}]
    expected = float(boundaries.score(lines.sum(axis=0)))
    assert MaskCheck().score(Table(rows, LABELS))["boundary_f1"] == expected
    assert measure(MaskCheck().sample(Table(rows, LABELS), ["a", "b"]))["boundary_f1"] == pytest.approx(expected)
    assert MaskCheck().score_classes(Table(rows, LABELS))["b"]["boundary_f1"] == expected
    own = repr(float(boundaries.score(lines[0])))
    table = [rows[0] | {"boundary_f1": own}, rows[0] | {"boundary_f1": "0.5"}, rows[1] | {"boundary_true_1": "-3"}]
    faults = dict(MaskCheck().find_faults(Table(table, LABELS)))
    assert faults[1] == f"boundary_f1 is 0.5, and {own} by its counts"
    assert faults[2] == "boundary_true_1 is '-3', which is no number of pixels"
    assert list(faults) == [1, 2]


@pytest.mark.parametrize("examples", [True, False])
def test_a_run_that_follows_from_its_counts_holds(tmp_path: Path, examples: bool) -> None:
    label_run_files.write_masks(tmp_path / "r", examples=examples)
    assert findings(tmp_path / "r") == []


def change_metric(document: dict[str, Any]) -> None:
    document["test"]["dice"] += 1e-9


def change_loss(document: dict[str, Any]) -> None:
    document["test"]["loss"] += 1e-4


def change_class(document: dict[str, Any]) -> None:
    document["classes"]["test"]["nucleus"]["iou"] -= 1e-9


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (change_metric, "test.dice"),
        (change_loss, "test.loss"),
        (change_class, "classes.test.nucleus.iou"),
    ],
)
def test_one_digit_is_found(tmp_path: Path, change: Callable[[dict[str, Any]], None], place: str) -> None:
    run = tmp_path / "r"
    label_run_files.write_masks(run)
    document = json.loads((run / "metrics.json").read_text())
    change(document)
    run_files.write_json(run / "metrics.json", document)
    (found,) = findings(run)
    assert found.startswith(f"metrics.json, {place}: it is ")
    assert found.endswith("by evaluation/confusion.csv")


def test_a_picture_that_is_missing_is_found(tmp_path: Path) -> None:
    run = tmp_path / "r"
    label_run_files.write_masks(run)
    table = run / "evaluation" / "confusion.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join(lines[:-1]) + "\n")
    assert "evaluation/confusion.csv: its examples of test are not those of splits.csv" in findings(run)


def test_the_pictures_of_both_tables_come_in_the_same_order(tmp_path: Path) -> None:
    run = tmp_path / "r"
    label_run_files.write_masks(run)
    table = run / "evaluation" / "confusion.csv"
    first, second, third, *others = table.read_text().splitlines()
    table.write_text("\n".join([first, third, second, *others]) + "\n")
    (found, *_) = findings(run)
    assert found == (
        "evaluation/confusion.csv: its rows are not the examples of evaluation/predictions.csv in their order"
    )


def test_a_picture_without_labelled_pixels_has_no_figures() -> None:
    empty = row(0, 0, 0, 0, mean_iou="", dice="", accuracy="", loss="")
    assert list(MaskCheck().find_faults(Table([empty], LABELS))) == []
    assert list(MaskCheck().find_faults(Table([empty | {"dice": "1.0"}], LABELS))) == [
        (0, "dice is 1.0, and nan by its counts")
    ]
    assert np.isnan(MaskCheck().score(Table([empty], LABELS))["loss"])
