"""Runs on texts, with a phase of adapters: what is promised of images holds for them, whatever their lengths."""

from __future__ import annotations

import csv
import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft import ConfigError
from kerastune_ft.api import training
from tests.support.processes import Outcome, run_commands, run_named, run_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import results
from tests.support.tiny_text import TEXTS, text_document, write_texts

LONG = "a very good " * 80


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("texts")
    tiny = text_document(write_texts(made / "texts.csv"))
    (made / "texts.json").write_text(json.dumps(tiny))
    pair = {**tiny, "task": {"kind": "text_regression"}, "phases": tiny["phases"][:1]}
    pair["data"] = {**tiny["data"], "input": ["text", "second"], "label": "score", "sequence_length": 24}
    (made / "pair.json").write_text(json.dumps(pair))
    several = {**tiny, "task": {"kind": "text_classification", "multi_label": True}, "phases": tiny["phases"][:1]}
    several["data"] = {**tiny["data"], "label": {"column": "topics", "separator": "|", "none": ""}}
    several["head"] = {"pooling": "last"}
    (made / "several.json").write_text(json.dumps(several))
    (made / "lines.txt").write_text("not read")
    return made


@pytest.fixture(scope="module")
def commands(folder: Path) -> dict[str, Outcome]:
    words = {
        "run": ("run", "texts.json", "--run-dir", "base"),
        "off": ("run", "texts.json", "--run-dir", "off", "--set", "runtime.cache=off"),
        "evaluate": ("evaluate", "base", "--json"),
        "predict": ("predict", "base", "texts.csv", "--json"),
        "predict texts": ("predict", "base", "so good", LONG, "absent.csv", "--json"),
        "verify": ("verify", "base"),
    }
    return run_named(folder, words)


@pytest.fixture(scope="module")
def others(folder: Path, base: Path) -> dict[str, Outcome]:
    words = {
        "evaluate data": ("evaluate", "base", "--data", "texts.csv", "--json"),
        "pair": ("run", "pair.json", "--run-dir", "pair"),
        "predict pair": ("predict", "pair", "one\ttwo", "one alone", "--json"),
        "several": ("run", "several.json", "--run-dir", "several"),
        "hidden": ("run", "texts.json", "--run-dir", "off", "--set", "output.examples=false"),
        "next": (
            "run", "texts.json", "--run-dir", "next", "--set", 'backbone={"kind": "run", "path": "base"}',
            "--until-phase", "head",
        ),
    }  # fmt: skip
    return run_named(folder, words)


@pytest.fixture(scope="module")
def base(folder: Path, commands: dict[str, Outcome]) -> Path:
    assert commands["run"].code == 0, commands["run"].err
    return folder / "base"


def test_batches_have_several_lengths(base: Path) -> None:
    plan = json.loads((base / "plan.json").read_text())
    assert len(plan["text"]["lengths"]) == 2
    assert sum(plan["text"]["examples"]) == TEXTS


def test_the_store_changes_nothing(folder: Path, base: Path, commands: dict[str, Outcome]) -> None:
    assert commands["off"].code == 0, commands["off"].err
    assert "stored features" in commands["run"].err
    assert "stored features" not in commands["off"].err
    assert results(folder / "off")["weights"] == results(base)["weights"]
    assert results(folder / "off")["history"] == results(base)["history"]
    assert results(folder / "off")["metrics"] == results(base)["metrics"]


def test_the_features_of_adapters_are_stored_for_every_length(base: Path) -> None:
    _, adapt, _ = json.loads((base / "plan.json").read_text())["phases"]
    assert [tensor["shape"] for tensor in adapt["cut"]] == [[None, 16], [None]]
    assert adapt["store"]["decision"] == "store"


def test_what_does_not_train_is_bit_identical(base: Path) -> None:
    (head, heads), (adapt, adapting), (top, topping) = (of_phase(base, number) for number in range(3))
    adapters = adapting - heads
    kernels = {f"{path.rpartition('/')[0]}/kernel" for path in adapters}
    assert len(adapters) == 2 * len(kernels) > 0
    assert all("/lora_" in path for path in adapters)
    every = heads | set(head["before"])
    for proof, trained in ((head, heads), (adapt, adapting), (top, topping)):
        assert set(proof["before"]) == every - trained
        assert (proof["after"], proof["changed"]) == (proof["before"], [])
    assert kernels <= topping & set(adapt["before"]), "adapters leave the kernels they are added to alone"
    assert adapters <= set(top["before"]), "in a later phase adapters are fixed"
    assert all(adapt["before"][path] == head["before"][path] for path in every - adapting)


def of_phase(run: Path, number: int) -> tuple[dict[str, Any], set[str]]:
    """The proof of a phase, and the variables that it trains."""
    plan = json.loads((run / "plan.json").read_text())["phases"][number]
    result = json.loads((run / "phases" / f"{number:02}-{plan['name']}" / "result.json").read_text())
    return result["frozen"], set(plan["trained_variables"])


# A kill among texts and adapters is in tests/scripts/test_chaos.py.
@pytest.mark.slow
def test_interrupted_is_as_never_interrupted(folder: Path, base: Path) -> None:
    command = ("run", "texts.json", "--run-dir", "stopped")
    assert [done.code for done in run_commands(folder, [("stopped", *command), command])] == [75, 0]
    assert results(folder / "stopped") == results(base)


@pytest.mark.slow
def test_two_replicas_equal_one(folder: Path, base: Path) -> None:
    done = run_program(folder, "run", "texts.json", "--run-dir", "two", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    assert_equal(base, folder / "two")


def test_evaluation_gives_what_the_run_measured(base: Path, commands: dict[str, Outcome]) -> None:
    assert commands["evaluate"].code == 0, commands["evaluate"].err
    measured = json.loads((base / "metrics.json").read_text())["test"]
    assert commands["evaluate"].json["test"] == pytest.approx(measured, abs=1e-6)


def rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_predictions_are_those_of_the_evaluation(folder: Path, base: Path, commands: dict[str, Outcome]) -> None:
    texts = [row["text"] for row in rows(folder / "texts.csv")]
    predicted = commands["predict"].json
    assert [row["input"] for row in predicted] == texts
    for row in rows(base / "evaluation/predictions.csv"):
        again = predicted[int(row["input"].removeprefix("row ")) - 2]
        assert again["probability_yes"] == pytest.approx(float(row["probability_yes"]), abs=1e-5)


def test_texts_are_cut_and_missing_files_told(commands: dict[str, Outcome]) -> None:
    found = commands["predict texts"]
    assert "1 of 3 texts was cut to 512 tokens" in found.err
    good, long, absent = found.json
    assert (good["input"], good["error"], long["error"]) == ("so good", None, None)
    assert absent["error"].endswith("is not there.") or "is not there" in absent["error"]


def test_what_the_run_claims_holds(commands: dict[str, Outcome]) -> None:
    assert commands["verify"].code == 0, commands["verify"].out


@pytest.mark.slow
def test_a_pair_is_one_example(folder: Path, others: dict[str, Outcome]) -> None:
    assert others["pair"].code == 0, others["pair"].err
    assert "cut to 24 tokens" in others["pair"].err
    about = json.loads((folder / "pair/model/preprocessing.json").read_text())
    assert (about["texts"], about["sequence_length"]) == (2, 24)
    pair, alone = others["predict pair"].json
    assert np.isfinite(pair["value"])
    assert (pair["input"], pair["input_2"], alone["input_2"]) == ("one", "two", None)
    assert "a pair has two" in alone["error"]


def test_the_first_token_is_no_feature_where_it_sees_nothing(folder: Path) -> None:
    document = text_document(folder / "texts.csv")
    document["runtime"] = {"cache_directory": str(folder / "cache")}
    for name, is_blind in (("GPT2Backbone", True), ("DistilBertBackbone", False)):
        document |= {"backbone": {"kind": "keras_hub", "class": name}, "head": {"pooling": "cls"}}
        with pytest.raises(ConfigError, match="no token sees those after it") if is_blind else nullcontext():
            training.plan(document)


@pytest.mark.slow
def test_several_labels(others: dict[str, Outcome]) -> None:
    assert others["several"].code == 0, others["several"].err


@pytest.mark.slow
def test_mistakes_are_texts_unless_hidden(folder: Path, base: Path, others: dict[str, Outcome]) -> None:
    (mistake, *_) = json.loads((base / "evaluation/mistakes.json").read_text())
    assert mistake["texts"][0] in (base / "report/index.html").read_text()
    assert others["hidden"].code == 0, others["hidden"].err
    assert not (folder / "off/evaluation/mistakes.json").exists()
    assert mistake["texts"][0] not in (folder / "off/report/index.html").read_text()


@pytest.mark.slow
def test_other_data_and_a_run_that_goes_on_from_a_run(others: dict[str, Outcome]) -> None:
    assert others["evaluate data"].code == 0, others["evaluate data"].err
    assert others["next"].code == 0, others["next"].err


def test_the_saved_model_opens_with_keras_hub_alone(base: Path) -> None:
    import keras
    import keras_hub  # noqa: F401  what brings its layers

    model = keras.models.load_model(base / "model/model.keras")
    about = json.loads((base / "model/preprocessing.json").read_text())
    tokens = [*about["start"], *b"so good", *about["end"]]
    inputs = {name: np.ones((1, len(tokens)), np.int32) for name in about["names"]}
    inputs["token_ids"] = np.array([tokens], np.int32)
    if "segment_ids" in inputs:
        inputs["segment_ids"][:] = 0
    assert np.asarray(model(inputs)).shape == (1, 2)
