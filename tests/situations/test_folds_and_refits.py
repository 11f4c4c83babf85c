"""Cross-validations and refits of every kind of label and input: figures, ensembles and proofs hold for all."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft
from tests.support.mask_files import IGNORED, write_scenes
from tests.support.tiny_text import text_document, write_texts

SHORT = {"batch_size": 8, "epochs": 1, "learning_rate": 0.01}
HEAD = [{"name": "head", "unfreeze": "none"}]
TOP = [*HEAD, {"name": "top", "unfreeze": {"last": 1}}]


def texts(folder: Path) -> dict[str, Any]:
    """Adapters, several lengths, drawn classes; in windows."""
    return text_document(write_texts(folder / "texts.csv"))


def topics(folder: Path) -> dict[str, Any]:
    """Several labels, thresholds chosen later, an input of two texts."""
    document = texts(folder)
    label = {"column": "topics", "separator": "|", "none": ""}
    data = {**document["data"], "input": ["text", "second"], "label": label}
    task = {"kind": "text_classification", "multi_label": True, "thresholds": "best_f1"}
    return {**document, "task": task, "data": data, "phases": HEAD, "defaults": SHORT}


def scores(folder: Path) -> dict[str, Any]:
    """Values, groups, and no test split."""
    document = texts(folder)
    with (folder / "texts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / "grouped.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "author"])
        writer.writeheader()
        writer.writerows({**row, "author": str(number // 3)} for number, row in enumerate(rows))
    data = {
        "kind": "table", "path": str(folder / "grouped.csv"), "input": "text", "label": "score", "group": "author",
        "splits": {"train": 0.8, "validation": 0.2},
    }  # fmt: skip
    return {**document, "task": {"kind": "text_regression"}, "data": data, "phases": HEAD, "defaults": SHORT}


def masks(folder: Path) -> dict[str, Any]:
    """Masks from feature maps of several strides, no names of examples shown."""
    write_scenes(folder / "scenes", 18)
    return {
        "name": "cells",
        "task": {"kind": "image_segmentation", "classes": {"0": "background", "255": "cell"}, "ignore": IGNORED},
        "data": {"kind": "folder", "path": str(folder / "scenes")},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 64},
        "head": {"width": 8, "stride": 8},
        "defaults": SHORT,
        "phases": TOP,
        "output": {"examples": False},
    }


CASES: tuple[Callable[[Path], dict[str, Any]], ...] = (texts, topics, scores, masks)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("make", CASES)
def test_an_ensemble_of_folds(make: Callable[[Path], dict[str, Any]], place: Path) -> None:
    found = kerastune_ft.crossvalidate(make(place), folds=2, seeds=2)
    assert kerastune_ft.verify(found.path).holds, str(kerastune_ft.verify(found.path))
    assert len(found.folds) == 4 and found.metrics["out_of_fold"]
    rest = len(found.out_of_fold) // 2
    assert found.examples["out_of_fold"] == rest
    if "test" in found.metrics:
        again = kerastune_ft.evaluate(found.path)
        for name, value in found.metrics["test"].items():
            assert again[name] == pytest.approx(value, rel=1e-4, abs=1e-5, nan_ok=True), name
    assert (found.path / "report/index.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize("make", CASES)
def test_a_refit(make: Callable[[Path], dict[str, Any]], place: Path) -> None:
    run = kerastune_ft.run({**make(place), "refit": True})
    assert kerastune_ft.verify(run.path).holds, str(kerastune_ft.verify(run.path))
    assert (run.path / "refit/history.csv").exists()
    if "test" in run.metrics:
        assert set(run.before_refit["metrics"]["test"]) == set(run.metrics["test"])
        again = kerastune_ft.evaluate(run.path)
        for name, value in run.metrics["test"].items():
            assert again[name] == pytest.approx(value, rel=1e-4, abs=1e-5, nan_ok=True), name
    else:
        assert "no test split" in str(run.before_refit)
