"""`batch_norm` in whole runs: what is updated, on any number of replicas, interrupted or not.

The last update of an epoch has 9 examples of 20, so its second micro-batch is padding alone.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.support.processes import Outcome, run_named, run_program, stop_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import results

TRAIN = ("--set", "phases.top.batch_norm=train")
STATISTICS = ("--set", "phases.top.batch_norm=statistics")


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[str, Outcome]:
    words = {
        "train": ("run", "small.json", "--run-dir", "norms", *TRAIN),
        "evaluate": ("evaluate", "norms", "--json"),
        "plan": ("plan", "small.json", *STATISTICS),
        "no norm": ("plan", "small.json", *TRAIN, "--set", 'phases.top.unfreeze={"variables": ["block3_conv/kernel"]}'),
    }
    return run_named(folder, words)


@pytest.fixture(scope="module")
def norms(folder: Path, outcomes: dict[str, Outcome]) -> Path:
    """A run with `batch_norm: train`, never interrupted, on one device."""
    assert outcomes["train"].code == 0, outcomes["train"].err
    return folder / "norms"


def test_statistics_gamma_and_beta_move_and_the_rest_is_frozen(norms: Path, outcomes: dict[str, Outcome]) -> None:
    plan = json.loads((norms / "plan.json").read_text())["phases"][1]
    result = json.loads((norms / "phases/01-top/result.json").read_text())
    best = load_file(norms / "phases/01-top/best.safetensors")
    given = keras.models.load_model(norms.parent / "small.keras")
    pretrained = {variable.path: variable.numpy() for variable in given.variables}
    layers = ("block2_norm", "block3_norm")
    updated = {f"{layer}/moving_{name}" for layer in layers for name in ("mean", "variance")}
    scales = {f"{layer}/{name}" for layer in layers for name in ("gamma", "beta")}
    assert set(plan["updated_variables"]) == updated
    assert scales < set(plan["trained_variables"])
    assert set(best) == set(plan["trained_variables"]) | updated
    assert [path for path in updated | scales if np.array_equal(best[path], pretrained[path])] == []
    assert result["updated"]["variables"] == 4
    assert all(distance > 0 for distance in result["updated"]["moved"].values())
    assert result["frozen"]["changed"] == []
    frozen = len(result["frozen"]["before"])
    assert frozen + len(best) == len(pretrained) + 2, "kernel and bias of the head are trained too"
    assert f"{frozen} frozen variables bit-identical, 4 BatchNorm statistics updated" in outcomes["train"].err


def test_the_saved_model_predicts_with_the_updated_statistics(norms: Path, outcomes: dict[str, Outcome]) -> None:
    test = json.loads((norms / "metrics.json").read_text())["test"]
    assert outcomes["evaluate"].json["test"] == pytest.approx(test, abs=1e-6)


def test_the_plan_says_it_in_words(outcomes: dict[str, Outcome]) -> None:
    text = " ".join(outcomes["plan"].out.split())
    assert "statistics: 2 layers normalised by each global batch, statistics updated; gamma and beta stay" in text


def test_train_that_trains_neither_gamma_nor_beta_is_an_error(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["no norm"].code == 2
    assert 'phases[1] (top).batch_norm: "train" would train no gamma or beta' in outcomes["no norm"].err


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [2, 4])
def test_moments_do_not_depend_on_replicas(folder: Path, norms: Path, replicas: int) -> None:
    run = f"norms-{replicas}"
    done = run_program(folder, "run", "small.json", "--run-dir", run, *TRAIN, "--set", f"runtime.replicas={replicas}")
    assert done.code == 0, done.err
    assert_equal(norms, folder / run)


@pytest.mark.slow
def test_statistics_alone_do_not_depend_on_replicas(folder: Path) -> None:
    for run, replicas in (("statistics-1", 1), ("statistics-2", 2)):
        done = run_program(
            folder, "run", "small.json", "--run-dir", run, *STATISTICS, "--set", f"runtime.replicas={replicas}"
        )
        assert done.code == 0, done.err
    assert_equal(folder / "statistics-1", folder / "statistics-2")


@pytest.mark.slow
def test_interrupted_while_statistics_are_updated(folder: Path, norms: Path) -> None:
    command = ("run", "small.json", "--run-dir", "norms-killed", *TRAIN)
    in_top = folder / "norms-killed" / "phases/01-top/checkpoint/000000002.safetensors"
    assert stop_program(folder, signal.SIGKILL, in_top, *command).code == -signal.SIGKILL
    last = run_program(folder, *command)
    assert last.code == 0, last.err
    assert "going on after step" in last.err
    assert results(folder / "norms-killed") == results(norms)
