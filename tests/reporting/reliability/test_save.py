from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

from kerastune_ft.metrics.decisions.curves import describe_curves
from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes
from kerastune_ft.metrics.reliability import describe_calibration
from kerastune_ft.reporting.reliability.save import save_figures

RANDOM = np.random.default_rng(1)
PART = {
    "subgroup": "ward 7",
    "examples": 20,
    "groups": None,
    "metrics": {"loss": 0.5},
    "intervals": {"loss": [0.4, 0.6]},
    "differences": {"loss": {"value": 0.1, "interval": None}},
}


def test_figures_are_written_as_tables_and_pictures(tmp_path: Path) -> None:
    outcomes = OneClassOutcomes(RANDOM.integers(0, 2, 30), RANDOM.normal(size=(30, 2)), ["a", "b"], 1)
    found = {
        "metrics": {"loss": 0.5, "auc": float("nan")},
        "examples": 30,
        "calibration": describe_calibration(outcomes, 2.0),
        "curves": describe_curves(outcomes.list_scored()),
        "by": {"ward": [PART], "class": [{**PART, "subgroup": "a"}]},
    }
    save_figures(tmp_path, found)
    assert json.loads((tmp_path / "evaluation.json").read_text())["metrics"] == {"loss": 0.5, "auc": None}
    for name in ("reliability.png", "curves.png"):
        with Image.open(tmp_path / name) as picture:
            assert picture.width > 1000
    bins = list(csv.DictReader((tmp_path / "reliability.csv").read_text().splitlines()))
    assert [row["probabilities"] for row in bins] == ["raw"] * 3 + ["calibrated"] * 3
    assert list(csv.DictReader((tmp_path / "curves.csv").read_text().splitlines()))[-1]["sensitivity"] == "1.0"
    parts = list(csv.DictReader((tmp_path / "subgroups.csv").read_text().splitlines()))
    assert [(row["by"], row["subgroup"], row["low"], row["difference"]) for row in parts] == [
        ("ward", "ward 7", "0.4", "0.1"),
        ("class", "a", "0.4", "0.1"),
    ]
    save_figures(tmp_path, {"metrics": {}, "by": found["by"]}, shows_values=False)
    assert "ward 7" not in (tmp_path / "subgroups.csv").read_text() + (tmp_path / "evaluation.json").read_text()
    assert ",a," in (tmp_path / "subgroups.csv").read_text()
