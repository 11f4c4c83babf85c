"""Promise 4: N replicas equal one. The number of logical CPUs is fixed when TensorFlow starts: a process for each."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.processes import run_program, stop_program
from tests.support.same_runs import assert_equal


def test_two_replicas_equal_one(folder: Path, small_base: Path) -> None:
    done = run_program(folder, "run", "small.json", "--run-dir", "two", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    assert done.err.splitlines()[0].startswith("run two (new) on 2 replicas on CPU:0, CPU:1 (the CPU split into 2")
    assert_equal(small_base, folder / "two")


@pytest.mark.slow
def test_three_replicas_equal_one(folder: Path, small_base: Path) -> None:
    done = run_program(folder, "run", "small.json", "--run-dir", "three", "--set", "runtime.replicas=3")
    assert done.code == 0, done.err
    assert_equal(small_base, folder / "three")


@pytest.mark.slow
def test_a_run_may_go_on_with_another_number_of_replicas(folder: Path, small_base: Path) -> None:
    begun = folder / "moved" / "phases/01-top/checkpoint/000000002.safetensors"
    words = ("run", "small.json", "--run-dir", "moved")
    stop_program(folder, signal.SIGTERM, begun, *words, "--set", "runtime.replicas=2")
    done = run_program(folder, *words)
    assert done.code == 0, done.err
    assert "changed since the run began: runtime.replicas: 2 -> null" in done.err
    assert_equal(small_base, folder / "moved")


@pytest.mark.slow
def test_stochastic_depth_and_dropout_do_not_depend_on_replicas(folder: Path, small_base: Path) -> None:
    settings = [
        'backbone={"kind": "applications", "name": "EfficientNetB0", "weights": null, "image_size": 32}',
        "phases.top.unfreeze=all",
        "phases.top.learning_rate.unit_decay=0.9",
        "phases.top.epochs=1",
        "phases.head.epochs=1",
    ]
    words = [word for setting in settings for word in ("--set", setting)]
    for run, replicas in (("efficient-1", 1), ("efficient-2", 2)):
        done = run_program(
            folder, "run", "small.json", "--run-dir", run, *words, "--set", f"runtime.replicas={replicas}"
        )
        assert done.code == 0, done.err
    # The head's bias has gradients near zero, whose size AdamW does not see.
    assert_equal(folder / "efficient-1", folder / "efficient-2", of_weights=5e-5)


@pytest.mark.slow
def test_a_refit_on_two_replicas_equals_one_on_one(folder: Path) -> None:
    for run, replicas in (("refit-1", 1), ("refit-2", 2)):
        words = ("--set", "refit=true", "--set", f"runtime.replicas={replicas}")
        done = run_program(folder, "run", "small.json", "--run-dir", run, *words)
        assert done.code == 0, done.err
    assert len(list((folder / "refit-1").glob("refit/*/best.safetensors"))) == 2
    assert_equal(folder / "refit-1", folder / "refit-2")


@pytest.mark.slow
def test_the_same_phases_are_chosen_on_two_replicas(folder: Path) -> None:
    chosen = []
    for run, replicas in (("auto-1", 1), ("auto-2", 2)):
        chooses = 'phases={"preset": "auto", "time": "10m"}'
        words = ("--set", chooses, "--set", f"runtime.replicas={replicas}")
        done = run_program(folder, "run", "small.json", "--run-dir", run, *words)
        assert done.code == 0 and "trial of all" in done.err, done.err
        chosen.append(json.loads((folder / run / "config.json").read_text())["phases"])
    assert chosen[0] == chosen[1]
    assert_equal(folder / "auto-1", folder / "auto-2", of_weights=1e-4)
