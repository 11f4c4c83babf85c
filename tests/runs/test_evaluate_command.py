"""What `evaluate` answers beside metrics, on whole runs."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import kerastune_ft as kt
from kerastune_ft.cli.commands import main


def call(*words: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", *words])


def answer(*words: str) -> dict[str, Any]:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_run_keeps_a_temperature_and_what_follows_from_its_answers(small_base: Path) -> None:
    temperature = json.loads((small_base / "model" / "calibration.json").read_text())
    found = json.loads((small_base / "evaluation" / "reliability.json").read_text())
    assert temperature["chosen_on"] == found["chosen_on"] == "validation"
    assert found["calibration"]["temperature"] == temperature["temperature"]
    assert 'id="reliability"' in (small_base / "report" / "index.html").read_text()


def test_evaluate_gives_what_the_run_wrote_and_averages_views(
    small_base: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    # As a run of an earlier version, which kept no temperature.
    old = Path(shutil.copytree(small_base, tmp_path / "old"))
    (old / "model" / "calibration.json").unlink()
    manifest = json.loads((old / "manifest.json").read_text())
    del manifest["files"]["model/calibration.json"]
    (old / "manifest.json").write_text(json.dumps(manifest))
    saved = tmp_path / "saved"
    found = answer(
        str(old), "--at", "specificity=0.9", "--coverage", "0.8", "--views", "2", "--by", "class", "--save", str(saved)
    )
    written = json.loads((small_base / "evaluation" / "reliability.json").read_text())
    for form in ("raw", "calibrated"):
        assert found["calibration"][form]["log_loss"] == pytest.approx(
            written["calibration"][form]["log_loss"], rel=1e-3
        )
    (aim,) = [row for row in written["thresholds"] if row["aim"] == "specificity=0.9"]
    assert found["at"][0]["threshold"] == pytest.approx(aim["threshold"], rel=1e-4)
    assert found["coverage"]["wanted"] == 0.8
    assert found["views"]["phase"] == "top"
    assert found["views"]["metrics"]["loss"] != found["test"]["loss"]
    assert [row["subgroup"] for row in found["by"]["class"]] == ["0", "1"]
    names = {path.name for path in saved.iterdir()}
    assert {"predictions.csv", "evaluation.json", "curves.csv", "curves.png", "subgroups.csv"} <= names


@pytest.mark.slow
def test_subgroups_by_a_column_and_intervals_of_values(values_run: Path) -> None:
    for words, says in (
        (("--by", "ward"), "--by ward: there is no such column, its columns are image, findings, brightness"),
        (("--at", "sensitivity=0.9"), "--at: values have no probabilities"),
    ):
        result = call(str(values_run), *words)
        assert result.exit_code == 2
        assert says in result.stderr
    figures = kt.open_run(values_run).evaluate(coverage=0.5, by="brightness")
    parts = figures.details["by"]["brightness"]
    assert [row["subgroup"] for row in parts] == ["15", "5"]
    assert sum(row["examples"] for row in parts) == figures.examples
    (target,) = figures.details["coverage"]["targets"]
    assert target["half_width"] > 0
    table = kt.open_run(values_run).predict([np.zeros((40, 36, 3), np.uint8)], coverage=0.5)
    assert table["high"][0] - table["value"][0] == pytest.approx(target["half_width"], rel=1e-4)
    with (values_run / "evaluation" / "predictions.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "validation"]
    residuals = sorted(abs(float(row["label"]) - float(row["value"])) for row in rows)
    assert target["half_width"] == pytest.approx(residuals[int(np.ceil((len(rows) + 1) * 0.5)) - 1], rel=1e-4)
