"""Runs of language models: what is promised of other models holds for them, tied or not, with dropout or without."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.metrics.document import BEFORE
from tests.support.processes import Outcome, run_commands, run_named, run_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_dialogues import (
    ADAPTERS,
    ALL,
    GPT2,
    HEAD,
    LAST,
    LAST_TWO,
    LLAMA,
    dialogue_document,
    write_dialogues,
)
from tests.support.tiny_run import results

pytestmark = pytest.mark.slow

MODELS: dict[str, tuple[str, dict[str, Any], list[dict[str, Any]]]] = {
    # Dropout of its own, and a tied matrix that trains last of all.
    "tied": ("GPT2Backbone", GPT2, [LAST, ADAPTERS, {**LAST_TWO, "label_smoothing": 0.1}, ALL]),
    "own": ("Llama3Backbone", {**LLAMA, "tie_word_embeddings": False}, [HEAD, LAST, ADAPTERS, LAST_TWO]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("dialogues")
    data = write_dialogues(made / "dialogues.csv")
    for name, model in MODELS.items():
        (made / f"{name}.json").write_text(json.dumps(dialogue_document(data, *model)))
    return made


@pytest.fixture(scope="module")
def commands(folder: Path) -> dict[str, Outcome]:
    words: dict[str, tuple[str, ...]] = {}
    for name in MODELS:
        words |= {
            name: ("run", f"{name}.json", "--run-dir", name),
            f"{name} off": ("run", f"{name}.json", "--run-dir", f"{name}-off", "--set", "runtime.cache=off"),
            f"{name} again": ("run", f"{name}.json", "--run-dir", f"{name}-again", "--set", "runtime.recompute=true"),
            f"{name} half": (
                "run", f"{name}.json", "--run-dir", f"{name}-half", "--set", "runtime.frozen_precision=bfloat16",
            ),
            f"{name} half off": (
                "run", f"{name}.json", "--run-dir", f"{name}-half-off", "--set", "runtime.frozen_precision=bfloat16",
                "--set", "runtime.cache=off",
            ),
            f"{name} verify": ("verify", name),
            f"{name} verify half": ("verify", f"{name}-half"),
            f"{name} evaluate": ("evaluate", f"{name}-half", "--json"),
        }  # fmt: skip
    done = run_named(folder, words)
    assert {name: outcome.err for name, outcome in done.items() if outcome.code != 0} == {}
    return done


def plan(run: Path) -> Any:
    return json.loads((run / "plan.json").read_text())


@pytest.mark.parametrize("name", MODELS)
def test_the_store_changes_nothing(folder: Path, commands: dict[str, Outcome], name: str) -> None:
    assert any(phase["store"]["decision"] == "store" for phase in plan(folder / name)["phases"])
    assert results(folder / f"{name}-off") == results(folder / name)
    assert results(folder / f"{name}-half-off") == results(folder / f"{name}-half")


@pytest.mark.parametrize("name", MODELS)
def test_the_model_is_measured_before_its_first_phase(folder: Path, commands: dict[str, Outcome], name: str) -> None:
    found = json.loads((folder / name / BEFORE).read_text())
    assert set(found) == set(plan(folder / name)["before"]) == {"validation", "test"}
    # Bytes are guessed by random weights: every token has about the same probability.
    for figures in found.values():
        assert figures["loss"] == pytest.approx(np.log(256), rel=0.1)
    assert json.loads((folder / f"{name}-off" / BEFORE).read_text()) == found
    after = json.loads((folder / name / "metrics.json").read_text())
    assert all(after[split]["loss"] < figures["loss"] for split, figures in found.items())


@pytest.mark.parametrize("name", MODELS)
def test_every_phase_trains_what_it_says_and_nothing_else(
    folder: Path, commands: dict[str, Outcome], name: str
) -> None:
    for phase in plan(folder / name)["phases"]:
        place = folder / name / "phases" / f"{phase['index']:02}-{phase['name']}"
        frozen = json.loads((place / "result.json").read_text())["frozen"]
        assert frozen["changed"] == []
        assert not set(frozen["before"]) & set(phase["trained_variables"])
    trained = [set(phase["trained_variables"]) for phase in plan(folder / name)["phases"]]
    if name == "tied":
        assert any("embedding" in path for path in trained[-1]) and not any(
            "token_embedding" in path for path in trained[0]
        )
    else:
        assert trained[0] == {"vocabulary/kernel"}


@pytest.mark.parametrize("name", MODELS)
def test_activations_that_are_computed_again_give_the_same(
    folder: Path, commands: dict[str, Outcome], name: str
) -> None:
    assert_equal(folder / name, folder / f"{name}-again", of_weights=1e-4)
    assert any("computed twice" in note for note in plan(folder / f"{name}-again")["notes"])


@pytest.mark.parametrize("name", MODELS)
def test_a_frozen_part_in_bfloat16(folder: Path, commands: dict[str, Outcome], name: str) -> None:
    own, half = plan(folder / name)["phases"], plan(folder / f"{name}-half")["phases"]
    for one, other in zip(own, half, strict=True):
        if one["store"]["decision"] == "store":
            assert other["cut"][0]["dtype"] == "bfloat16"
            assert 0.5 < other["store"]["bytes"] / one["store"]["bytes"] < 0.75
    metrics = [json.loads((folder / run / "metrics.json").read_text()) for run in (name, f"{name}-half")]
    assert metrics[0] != metrics[1]
    assert metrics[1]["test"]["loss"] == pytest.approx(metrics[0]["test"]["loss"], rel=0.02)
    # What is measured last is of a frozen part in float32, as whoever opens the model has it.
    found = commands[f"{name} evaluate"].json["test"]
    assert found["loss"] == pytest.approx(metrics[1]["test"]["loss"], abs=1e-5)
    assert "with a frozen part in float32, as it is saved" in commands[f"{name} half"].err


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("tied", ()),
        ("own", ()),
        ("tied", ("--set", "runtime.recompute=true")),
        ("own", ("--set", "runtime.frozen_precision=bfloat16")),
    ],
    ids=["tied", "own", "recompute", "bfloat16"],
)
def test_interrupted_is_as_never_interrupted(
    folder: Path, commands: dict[str, Outcome], name: str, options: tuple[str, ...]
) -> None:
    words = {(): name, ("--set", "runtime.recompute=true"): f"{name}-again"}
    base = folder / words.get(options, f"{name}-half")
    run = f"stopped-{base.name}"
    command = ("run", f"{name}.json", "--run-dir", run, *options)
    assert [done.code for done in run_commands(folder, [("stopped", *command), command])] == [75, 0]
    assert results(folder / run) == results(base)
    assert (folder / run / BEFORE).read_bytes() == (base / BEFORE).read_bytes()


@pytest.mark.parametrize("name", MODELS)
def test_two_replicas_equal_one(folder: Path, commands: dict[str, Outcome], name: str) -> None:
    two = ("--set", "runtime.replicas=2")
    for run, options in ((name, ()), (f"{name}-again", ("--set", "runtime.recompute=true"))):
        done = run_program(folder, "run", f"{name}.json", "--run-dir", f"two-{run}", *two, *options)
        assert done.code == 0, done.err
        assert_equal(folder / run, folder / f"two-{run}", of_weights=1e-4)


def test_all_phases_lower_the_loss_of_what_they_see(folder: Path, commands: dict[str, Outcome]) -> None:
    for name in MODELS:
        losses = [float(row["train_loss"]) for row in results(folder / name)["history"]]
        assert np.isfinite(losses).all()
        assert losses[-1] < losses[0]
