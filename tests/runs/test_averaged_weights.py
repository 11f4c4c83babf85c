"""Runs whose phases average their weights over updates, or pull them towards pretrained ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from safetensors.numpy import load_file

from kerastune_ft.api.training import run as train
from kerastune_ft.training.checkpoint import Checkpoints, Snapshot
from kerastune_ft.verification.verify import verify
from tests.support.plain_net import describe_parts, write_parts
from tests.support.tiny_run import history

DECAY = 0.4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parts(tmp_path_factory.mktemp("averaged"))


def document(folder: Path, **first: Any) -> dict[str, Any]:
    """A phase of these options that trains BatchNorm as well, and one that goes on from its last step."""
    phase = {"name": "first", "unfreeze": {"last": 1}, "learning_rate": 0.05, "batch_norm": "train", "accumulate": 2}
    return {
        **describe_parts(folder, "averaged"),
        "defaults": {"batch_size": 12, "epochs": 2},
        "phases": [
            {**phase, **first},
            {"name": "second", "unfreeze": "none", "learning_rate": 0.01, "start_from": "last", "epochs": 1},
        ],
        "output": {"checkpoint": {"every": {"steps": 1}}},
    }


def best(run: Path, phase: str) -> dict[str, np.ndarray]:
    return load_file(next(run.glob(f"phases/*-{phase}/best.safetensors")))


def result(run: Path, phase: str) -> dict[str, Any]:
    return json.loads(next(run.glob(f"phases/*-{phase}/result.json")).read_text())


@pytest.fixture(scope="module")
def averaged(folder: Path) -> tuple[Path, list[Snapshot]]:
    """A run that averages, with all checkpoints of both phases."""
    written: list[Snapshot] = []
    write = Checkpoints.write

    def note(self: Checkpoints, snapshot: Snapshot) -> None:
        written.append(snapshot)
        write(self, snapshot)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "write", note)
        return train(document(folder, ema=DECAY), run_dir=folder / "run").path, written


def test_checkpoints_hold_raw_weights_and_their_averages(averaged: tuple[Path, list[Snapshot]]) -> None:
    _, written = averaged
    first = {each.step: each.tensors for each in written if each.tensors.average}
    assert sorted(first) == [1, 2, 3, 4, 5, 6]
    pretrained = {path: value - first[1].average[path] for path, value in first[1].variables.items()}
    assert any(value.any() for value in pretrained.values())
    # From the first update on, whose average says what the values before it were.
    expected = {path: np.asarray(value, np.float64) for path, value in first[1].average.items()}
    for step in range(2, 7):
        decay = min(DECAY, (1 + step) / (10 + step))
        for path, value in first[step].variables.items():
            expected[path] = decay * expected[path] + (1 - decay) * value
            np.testing.assert_allclose(first[step].average[path], expected[path], rtol=1e-4, atol=1e-6)
    # Moving statistics are averaged with the weights.
    assert any("moving_mean" in path for path in expected)


def test_the_best_epoch_is_that_of_the_averages(averaged: tuple[Path, list[Snapshot]]) -> None:
    run, written = averaged
    ended = 3 * result(run, "first")["best_epoch"]
    averages = next(each.tensors.average for each in written if each.tensors.average and each.step == ended)
    assert all(np.array_equal(best(run, "first")[path], value) for path, value in averages.items())
    assert verify(run).holds, str(verify(run))


def test_the_next_phase_goes_on_from_the_last_averages(averaged: tuple[Path, list[Snapshot]]) -> None:
    run, written = averaged
    last = next(each.tensors.average for each in written if each.tensors.average and each.step == 6)
    left = best(run, "second")
    frozen = [path for path in last if not path.startswith("head")]
    assert frozen and all(np.array_equal(left[path], last[path]) for path in frozen if path in left)


@pytest.mark.slow
@pytest.mark.parametrize("step", [2, 5])
def test_killed_at_a_step_it_ends_bit_identical(
    folder: Path, averaged: tuple[Path, list[Snapshot]], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    place, write = folder / f"killed-{step}", Checkpoints.write

    class Killed(Exception):
        pass

    def kill(self: Checkpoints, snapshot: Snapshot) -> None:
        write(self, snapshot)
        if snapshot.step == step:
            self.wait()
            raise Killed

    monkeypatch.setattr(Checkpoints, "write", kill)
    with pytest.raises(Killed):
        train(document(folder, ema=DECAY), run_dir=place)
    monkeypatch.setattr(Checkpoints, "write", write)
    train(document(folder, ema=DECAY), run_dir=place)
    assert history(place) == history(averaged[0])
    for phase in ("first", "second"):
        assert all(np.array_equal(best(place, phase)[path], one) for path, one in best(averaged[0], phase).items())


def test_a_pull_takes_the_place_of_weight_decay_and_leaves_the_head_alone(folder: Path) -> None:
    steps: list[dict[str, np.ndarray]] = []
    write = Checkpoints.write

    def note(self: Checkpoints, snapshot: Snapshot) -> None:
        steps.append({path: np.asarray(value, np.float64) for path, value in snapshot.tensors.variables.items()})
        write(self, snapshot)

    found = []
    for weight in (10.0, 0):
        made = document(
            folder, l2_sp=weight, optimizer="sgd", batch_norm="frozen", learning_rate=0.01, weight_decay=0.5
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Checkpoints, "write", note)
            run = train({**made, "phases": made["phases"][:1]}, run_dir=folder / f"pull-{weight:g}").path
        found.append((steps[0], steps[-1]))
        steps.clear()
        plan = json.loads((run / "plan.json").read_text())["phases"][0]
        assert plan.get("l2_sp", {"weight": 0})["weight"] == weight
    (pulled, near), (free, far) = found
    pretrained = {one.path: one.numpy() for one in keras.models.load_model(folder / "net.keras").variables}
    own = [path for path in pulled if path in pretrained]
    assert own and len(own) < len(pulled)
    for path in own:
        # Before the first update there is nothing to pull, and the other run decays.
        np.testing.assert_allclose(pulled[path] - free[path], 0.01 * 0.5 * pretrained[path], atol=1e-6)
        assert np.linalg.norm(near[path] - pretrained[path]) < np.linalg.norm(far[path] - pretrained[path])
    assert all(np.array_equal(pulled[path], free[path]) for path in pulled if path not in own)
