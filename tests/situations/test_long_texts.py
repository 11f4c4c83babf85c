"""Texts longer than a row, read in windows: what is promised holds for whole runs of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.processes import Outcome, run_named, run_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import results
from tests.support.tiny_text import text_document, write_texts

LENGTH = 32
LONG = "a very good " * 80

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("texts")
    document = text_document(write_texts(made / "texts.csv"))
    document["data"] |= {"sequence_length": LENGTH, "long_texts": "windows"}
    (made / "texts.json").write_text(json.dumps(document))
    values = {**document, "task": {"kind": "text_regression"}, "phases": document["phases"][:1]}
    values["data"] = {**document["data"], "label": "score"}
    values["head"] = {"pooling": "last"}
    (made / "values.json").write_text(json.dumps(values))
    several = {**document, "task": {"kind": "text_classification", "multi_label": True}}
    several["data"] = {**document["data"], "label": {"column": "topics", "separator": "|", "none": ""}}
    several["phases"] = [{**document["phases"][2], "unfreeze": "all", "sampling": None, "epochs": 1}]
    several["backbone"], several["head"] = {"kind": "keras_hub", "class": "GPT2Backbone"}, {"pooling": "last"}
    (made / "several.json").write_text(json.dumps(several))
    return made


@pytest.fixture(scope="module")
def commands(folder: Path) -> dict[str, Outcome]:
    words = {
        "run": ("run", "texts.json", "--run-dir", "base"),
        "off": ("run", "texts.json", "--run-dir", "off", "--set", "runtime.cache=off"),
        "stopped": ("stopped", "run", "texts.json", "--run-dir", "stopped"),
        "going on": ("run", "texts.json", "--run-dir", "stopped"),
        "evaluate": ("evaluate", "base", "--json"),
        "evaluate data": ("evaluate", "base", "--data", "texts.csv", "--json"),
        "predict": ("predict", "base", "texts.csv", "--json"),
        "predict texts": ("predict", "base", "so good", LONG, "--json"),
        "verify": ("verify", "base"),
        "unknown": (
            "run", "texts.json", "--run-dir", "unknown", "--set", "task.unknown=0.6", "--set", 'phases="head"',
        ),
        "unknown answers": ("predict", "unknown", "texts.csv", "--json"),
        "unknown counted": ("evaluate", "unknown"),
        "unknown verified": ("verify", "unknown"),
        "values": ("run", "values.json", "--run-dir", "values"),
        "several": ("run", "several.json", "--run-dir", "several"),
        "next": (
            "run", "texts.json", "--run-dir", "next", "--set",
            'backbone={"kind": "run", "path": "base", "head": "keep"}',
        ),
        "cut": (
            "run", "texts.json", "--run-dir", "cut", "--set", 'backbone={"kind": "run", "path": "base"}',
            "--set", "data.long_texts=cut",
        ),
    }  # fmt: skip
    return run_named(folder, words)


@pytest.fixture(scope="module")
def base(folder: Path, commands: dict[str, Outcome]) -> Path:
    assert commands["run"].code == 0, commands["run"].err
    return folder / "base"


def test_the_store_changes_nothing(folder: Path, base: Path, commands: dict[str, Outcome]) -> None:
    assert commands["off"].code == 0, commands["off"].err
    assert "stored features" in commands["run"].err
    assert "stored features" not in commands["off"].err
    for what in ("weights", "history", "metrics"):
        assert results(folder / "off")[what] == results(base)[what]


def test_interrupted_is_as_never_interrupted(folder: Path, base: Path, commands: dict[str, Outcome]) -> None:
    assert [commands[name].code for name in ("stopped", "going on")] == [75, 0]
    assert results(folder / "stopped") == results(base)


def test_two_replicas_equal_one(folder: Path, base: Path) -> None:
    done = run_program(folder, "run", "texts.json", "--run-dir", "two", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    assert_equal(base, folder / "two")


def test_evaluation_and_predictions_are_what_the_run_measured(
    folder: Path, base: Path, commands: dict[str, Outcome]
) -> None:
    measured = json.loads((base / "metrics.json").read_text())["test"]
    assert commands["evaluate"].json["test"] == pytest.approx(measured, abs=1e-6), commands["evaluate"].err
    assert commands["evaluate data"].code == 0, commands["evaluate data"].err
    predicted = commands["predict"].json
    with (base / "evaluation/predictions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            again = predicted[int(row["input"].removeprefix("row ")) - 2]
            assert again["probability_yes"] == pytest.approx(float(row["probability_yes"]), abs=1e-5)
    assert commands["verify"].code == 0, commands["verify"].out


def test_a_text_of_more_windows_than_are_read_is_told(commands: dict[str, Outcome]) -> None:
    assert f"1 of 2 texts was cut to 16 windows of {LENGTH} tokens" in commands["predict texts"].err


def test_the_saved_model_opens_with_keras_hub_alone(folder: Path, base: Path, commands: dict[str, Outcome]) -> None:
    import keras
    import keras_hub  # noqa: F401  what brings its layers

    model = keras.models.load_model(base / "model/model.keras")
    about = json.loads((base / "model/preprocessing.json").read_text())
    assert about["windows"][-1] <= about["most"] == 16
    with (folder / "texts.csv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    number = max(range(len(texts)), key=lambda each: len(texts[each]))
    given = pack_by_hand(about, texts[number].encode(), more=2)
    expected = commands["predict"].json[number]["probability_yes"]
    assert np.asarray(model(given))[0, 1] == pytest.approx(expected, abs=1e-5)
    pair = {name: np.concatenate([rows, rows[:, ::-1]]) for name, rows in given.items()}
    assert np.asarray(model.predict(pair, verbose=0))[0, 1] == pytest.approx(expected, abs=1e-5)


def pack_by_hand(about: dict[str, Any], tokens: bytes, more: int) -> dict[str, np.ndarray]:
    """Pack a text as preprocessing.json says, with so many windows more that fill up."""
    length = about["sequence_length"]
    room = length - len(about["start"]) - len(about["end"])
    count = -(-len(tokens) // room)
    rows = {name: np.zeros((1, count + more, length), np.int32) for name in about["names"]}
    rows["token_ids"][:] = about["padding"]
    for number in range(count):
        part = tokens[number * len(tokens) // count : (number + 1) * len(tokens) // count]
        row = [*about["start"], *part, *about["end"]]
        rows["token_ids"][0, number, : len(row)] = row
        rows["padding_mask"][0, number, : len(row)] = 1
    return rows


def test_other_labels_and_decoders(commands: dict[str, Outcome]) -> None:
    assert commands["values"].code == 0, commands["values"].err
    assert commands["several"].code == 0, commands["several"].err


def test_a_run_goes_on_from_a_run_that_reads_windows(commands: dict[str, Outcome]) -> None:
    assert commands["next"].code == 0, commands["next"].err
    assert commands["cut"].code == 2
    assert f'write "long_texts": "windows" and "sequence_length": {LENGTH}' in commands["cut"].err


def test_unknown_answers_are_those_of_the_mean_over_windows(folder: Path, commands: dict[str, Outcome]) -> None:
    assert commands["unknown"].code == 0, commands["unknown"].err
    predicted = commands["unknown answers"].json
    with (folder / "unknown/evaluation/predictions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["unknown"] for row in rows} == {"True", "False"}
    for row in rows:
        again = predicted[int(row["input"].removeprefix("row ")) - 2]
        assert again["distance"] == pytest.approx(float(row["distance"]), abs=1e-5)
        assert str(again["unknown"]) == row["unknown"]
    assert [commands[f"unknown {what}"].code for what in ("counted", "verified")] == [0, 0]
