"""Runs of an earlier version are read as they were: evaluated, predicted with, reported, verified and gone on with.

`earlier_runs/` holds a small run of every kind; its README says what wrote it. Where one of these tests fails the
format of runs has changed, and runs that users have are no longer read: it is the code that is to be mended.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import keras
import pandas
import pytest

import kerastune_ft as kt
from tests.support.earlier_data import write

RUNS = Path(__file__).parent / "earlier_runs"
INPUTS = {
    "audio_classification": "sounds",
    "causal_lm": "questions.csv",
    "image_classification": "pictures",
    "image_multi_label": "cases.csv",
    "image_regression": "values.npz",
    "lora": "texts.csv",
    "object_detection": "spots",
    "several_inputs": "several.csv",
    "text_classification": "texts.csv",
    "text_pair_regression": "pairs.csv",
}
INTERRUPTED, UNINTERRUPTED = "image_interrupted", "image_classification"
needs_their_keras = pytest.mark.skipif(
    tuple(map(int, keras.__version__.split(".")[:2])) < (3, 15),
    reason="Keras 3.15 wrote these models, and older ones do not open them",
)
TOLERANCE = 1e-4
"""What processors and versions of TensorFlow may make of the same weights, and of the last updates of a small run."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data that the earlier runs name by relative paths, and what one of them goes out from."""
    folder = tmp_path_factory.mktemp("earlier")
    write(folder)
    # A run knows an .npz file by its bytes, and those that zipfile writes differ between versions of Python.
    (folder / "values.npz").write_bytes(gzip.decompress((RUNS / "values.npz.gz").read_bytes()))
    shutil.copy(RUNS / "network.keras", folder)
    return folder


@pytest.fixture
def workplace(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the data as the working directory, with a cache of its own."""
    monkeypatch.chdir(data)
    monkeypatch.setenv("KERASTUNE_CACHE", str(data / "cache"))
    return data


def copied(name: str, folder: Path) -> Path:
    """Copy a run without its README, which is no file of the run's."""
    made = Path(shutil.copytree(RUNS / name, folder / name))
    (made / "README.md").unlink()
    return made


def assert_intact(run: Path) -> None:
    """Fail unless all that a run claims holds, without a warning."""
    verified = kt.verify(run)
    assert all(check.result in ("holds", "nothing") for check in verified.checks), str(verified)


def recorded(run: Path) -> pandas.DataFrame:
    """The predictions of the test split that the run wrote when it was made."""
    rows = pandas.read_csv(run / "evaluation" / "predictions.csv")
    return rows[rows["split"] == "test"]


def positions(keys: list[str], given: list[str]) -> list[int]:
    """Where the examples of predictions.csv stand among the inputs of a prediction: named, or counted."""
    found = []
    for key in keys:
        row, place = re.fullmatch(r"row (\d+)", key), re.fullmatch(r"x\[(\d+)\]", key)
        if row or place:
            # A table's rows are those of a spreadsheet, with the header as row 1.
            found.append(int(row[1]) - 2 if row else int(place[1]))  # type: ignore[index]
        else:
            found.append(next(at for at, one in enumerate(given) if one.endswith(key)))
    return found


def assert_same_boxes(path: Path, answers: pandas.DataFrame, chosen: pandas.DataFrame) -> None:
    """Fail unless the boxes that are answered now are those of detections.csv that reach the run's thresholds."""
    known = pandas.read_csv(path / "evaluation" / "detections.csv")
    least = json.loads((path / "model" / "thresholds.json").read_text())
    known = known[[score >= least[label] for score, label in zip(known["score"], known["label"], strict=True)]]
    count = 0
    for given, boxes in zip(chosen["input"], chosen["boxes"], strict=True):
        own = known[[given.endswith(key) for key in known["input"]]]
        count += len(own)
        assert [box["label"] for box in boxes] == list(own["label"])
        assert [box["score"] for box in boxes] == pytest.approx(list(own["score"]), abs=TOLERANCE)
        edges = own[["xmin", "ymin", "xmax", "ymax"]].to_numpy()
        for box, expected in zip(boxes, edges, strict=True):
            assert box["box"] == pytest.approx(list(expected), abs=0.01)
    assert count


def assert_same_texts(path: Path, answers: pandas.DataFrame, chosen: pandas.DataFrame) -> None:
    """Fail unless the answers written now are those of the samples that the run wrote."""
    samples = json.loads((path / "evaluation" / "samples.json").read_text())
    rows = positions([each["input"] for each in samples], list(answers["input"]))
    assert [answers["answer"].iloc[row] for row in rows] == [each["after"] for each in samples]
    assert samples and chosen["answer"].notna().all()


_COMPARE = {"object_detection": assert_same_boxes, "causal_lm": assert_same_texts}


@needs_their_keras
@pytest.mark.parametrize("name", INPUTS)
def test_a_finished_run_is_read(name: str, workplace: Path, tmp_path: Path) -> None:
    path = copied(name, tmp_path)
    assert_intact(path)
    run = kt.open_run(path)
    before = dict(run.metrics)
    assert run.evaluate() == pytest.approx(before["test"], abs=TOLERANCE, rel=TOLERANCE)

    answers, known = run.predict(INPUTS[name]), recorded(path)
    assert answers["error"].isna().all()
    chosen = answers.iloc[positions(list(known["input"]), list(answers["input"]))]
    if name in _COMPARE:
        _COMPARE[name](path, answers, chosen)
    else:
        numbers = [column for column in answers.columns if column.startswith(("probability_", "value"))]
        assert numbers
        for column in numbers:
            assert list(chosen[column]) == pytest.approx(list(known[column]), abs=TOLERANCE, rel=TOLERANCE)

    page = run.report().read_text(encoding="utf-8")
    assert f"{before['test']['loss']:.4f}" in page
    assert [entry["name"] for entry in run.manifest["phases"]] == list(dict.fromkeys(run.history["phase"]))
    assert run.metrics == before
    assert_intact(path)


@needs_their_keras
def test_an_interrupted_run_goes_on_to_where_it_would_have_ended(workplace: Path, tmp_path: Path) -> None:
    path = copied(INTERRUPTED, tmp_path)
    assert kt.open_run(path).manifest["state"] == "interrupted"
    assert_intact(path)

    resumed, other = kt.run(configuration(path), run_dir=path), kt.open_run(RUNS / UNINTERRUPTED)

    assert re.search(r"\bstep 2\b", (path / "log.txt").read_text()), "it began the phase anew"
    assert resumed.manifest["state"] == "done"
    for split, values in other.metrics.items():
        assert resumed.metrics[split] == pytest.approx(values, abs=TOLERANCE, rel=TOLERANCE)
    assert_alike(resumed.history, other.history)
    assert_intact(path)


def configuration(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "config.json").read_text())
    return found


def assert_alike(one: pandas.DataFrame, other: pandas.DataFrame) -> None:
    """Fail unless two histories tell the same, but for the seconds."""
    assert list(one.columns) == list(other.columns)
    assert list(one["phase"]) == list(other["phase"])
    for column in set(one.columns) - {"phase", "seconds"}:
        assert list(one[column]) == pytest.approx(list(other[column]), abs=TOLERANCE, rel=TOLERANCE, nan_ok=True)


@needs_their_keras
def test_a_phase_is_added_to_a_finished_run(workplace: Path, tmp_path: Path) -> None:
    path = copied(UNINTERRUPTED, tmp_path)
    config = configuration(path)
    further = {**config["phases"][-1], "name": "further", "epochs": 1, "start_from": "last", "carry_optimizer": True}
    before = {file: file.read_bytes() for file in sorted(path.glob("phases/*/best.safetensors"))}

    run = kt.run({**config, "phases": [*config["phases"], further]}, run_dir=path)

    assert list(run.history["phase"])[-1] == "further"
    assert math.isfinite(run.metrics["test"]["loss"])
    assert all(file.read_bytes() == content for file, content in before.items())
    assert_intact(path)


def test_earlier_runs_are_listed() -> None:
    rows = {Path(row["run"]).name: row for row in kt.runs(RUNS)}
    assert set(rows) == {*INPUTS, INTERRUPTED}
    assert {name for name, row in rows.items() if row["state"] != "done"} == {INTERRUPTED}
    assert all(row["test"] for name, row in rows.items() if name != INTERRUPTED)
