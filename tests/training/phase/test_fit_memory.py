"""The batch of an update in as many pieces as the memory needs: found before the first step, kept, obeyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

import kerastune_ft as kt
from kerastune_ft.errors import ResourceError
from kerastune_ft.training.devices.memory import MemoryLimit
from kerastune_ft.training.phase import fit_memory
from kerastune_ft.training.updates.step import PhaseStep
from tests.support.odd_graphs import write_own_model
from tests.support.tiny_text import text_document, write_texts

AUTO = {"batch_size": 12, "accumulate": "auto"}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A configuration of one phase whose 16 examples make an update of 12 and one of 4."""
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    # However little this machine has left.
    monkeypatch.setattr(fit_memory, "find_limit", lambda names, **_: None)
    found = write_own_model(tmp_path, "one layer after itself")
    found["phases"] = [{"name": "top", "unfreeze": {"last": 1}, "epochs": 2, **AUTO, "clip_norm": 0.1}]
    return found


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Return what makes steps of more than so many rows at a time run out of memory; it gives the rows of each."""

    def limit(most: int) -> list[int]:
        rows: list[int] = []
        train = PhaseStep.train

        def run_out(step: PhaseStep, batch: tuple, *rest: Any) -> tf.Tensor:
            rows.append(len(batch[2]) // step.micro_batches)
            sums = train(step, batch, *rest)
            if rows[-1] > most:
                # After the update: what it changed must not stay.
                raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
            return sums

        monkeypatch.setattr(PhaseStep, "train", run_out)
        return rows

    return limit


def _weights(run: str, phase: str = "00-top") -> dict[str, np.ndarray]:
    return load_file(Path(run) / "phases" / phase / "best.safetensors")


def _plan(run: str) -> dict[str, Any]:
    return json.loads((Path(run) / "plan.json").read_text())["phases"][0]


def test_the_first_pieces_that_fit_are_taken_with_the_same_result(
    config: dict[str, Any],
    tried: Callable[[int], list[int]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits: list[int | None] = []
    monkeypatch.setattr(fit_memory, "find_limit", lambda names, allowed=None: limits.append(allowed))
    kt.run(config, run_dir="whole", overrides=["runtime.gpu_memory=8GB"])
    assert limits == [8 * 10**9], "what GPUs may give counts for the estimate"
    assert _plan("whole")["pieces"] == 1
    rows = tried(5)
    kt.run(config, run_dir="pieces")
    # 12 and 6 run out; then four updates of two epochs, 3 rows at a time.
    assert rows == [12, 6, 3, 3, 3, 3, 3]
    assert "phase top: batches of 12 are computed in 4 pieces of 3" in capsys.readouterr().err
    found = _plan("pieces")
    assert (found["accumulate"], found["pieces"], found["batch_size"], found["replica_batch"]) == ("auto", 4, 12, 3)
    assert found["steps"] == _plan("whole")["steps"] == 4
    whole, pieces = _weights("whole"), _weights("pieces")
    for path, value in whole.items():
        np.testing.assert_allclose(pieces[path], value, rtol=0, atol=1e-6, err_msg=path)
    for name in ("validation_loss", "train_loss"):
        one, other = (kt.open_run(run).history[name] for run in ("whole", "pieces"))
        np.testing.assert_allclose(other, one, rtol=1e-5)


@pytest.mark.slow
def test_a_choice_is_kept_and_obeyed(
    config: dict[str, Any], tried: Callable[[int], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    config["phases"].append({**config["phases"][0], "name": "more", "unfreeze": {"last": 2}})
    monkeypatch.setattr(fit_memory, "find_limit", lambda names, **_: MemoryLimit(0, "the limit of this test"))
    rows = tried(100)
    kt.run(config, run_dir="run", until_phase="top")
    # Where no number of pieces fits by the estimate, one example at a time is the least there is.
    assert _plan("run")["pieces"] == 12
    assert set(rows) == {1}
    before = _weights("run")
    monkeypatch.setattr(fit_memory, "find_limit", lambda names, **_: None)
    kt.run(config, run_dir="run")
    phases = json.loads(Path("run/plan.json").read_text())["phases"]
    assert [phase["pieces"] for phase in phases] == [12, 1]
    assert all(np.array_equal(before[path], value) for path, value in _weights("run").items())
    assert kt.open_run("run").metrics


@pytest.mark.slow
def test_what_no_pieces_fit_names_the_phase(config: dict[str, Any], tried: Callable[[int], list[int]]) -> None:
    rows = tried(0)
    with pytest.raises(ResourceError, match=r"phase top, even with 1 examples? at a time; give a smaller image_size"):
        kt.run(config, run_dir="run")
    assert rows == [12, 6, 3, 1]


@pytest.mark.slow
def test_other_errors_of_a_trial_are_raised(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise tf.errors.InvalidArgumentError(None, None, "no such thing")

    monkeypatch.setattr(PhaseStep, "train", fail)
    with pytest.raises(tf.errors.InvalidArgumentError):
        kt.run(config, run_dir="run")


@pytest.mark.slow
def test_a_fixed_number_that_runs_out_names_a_pair_that_goes_on(
    config: dict[str, Any], tried: Callable[[int], list[int]]
) -> None:
    config["phases"][0]["accumulate"] = 1
    tried(6)
    with pytest.raises(ResourceError) as caught:
        kt.run(config, run_dir="run")
    assert "in phase top, whose steps compute 12 examples at a time" in str(caught.value)
    given = ["phases.top.batch_size=6", "phases.top.accumulate=2"]
    assert f"--run-dir run --set {given[0]} --set {given[1]}, or --set phases.top.accumulate=auto" in str(caught.value)
    kt.run(config, run_dir="run", overrides=given)
    assert kt.open_run("run").metrics


def test_batch_norm_that_trains_is_refused(config: dict[str, Any]) -> None:
    config["phases"][0]["batch_norm"] = "statistics"
    with pytest.raises(kt.ConfigError, match="the memory would decide the result; write a number"):
        kt.plan(config)


@pytest.mark.slow
def test_texts_are_tried_by_their_longest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tried: Callable[[int], list[int]]
) -> None:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fit_memory, "find_limit", lambda names, **_: None)
    config = text_document(write_texts(tmp_path / "texts.csv"))
    for phase in config["phases"]:
        phase["accumulate"] = "auto"
    kt.run(config, run_dir="whole")
    rows = tried(4)
    kt.run(config, run_dir="pieces")
    assert rows[:3] == [10, 5, 2]
    for number, name in enumerate(("head", "adapt", "top")):
        whole, pieces = (_weights(run, f"{number:02d}-{name}") for run in ("whole", "pieces"))
        for path, value in whole.items():
            np.testing.assert_allclose(pieces[path], value, rtol=0, atol=1e-6, err_msg=path)
