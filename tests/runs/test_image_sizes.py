"""Runs whose phases train on images of several sizes keep every promise, and are measured at one size."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

import kerastune_ft as kt
from kerastune_ft.config.read import read
from kerastune_ft.training import engine
from kerastune_ft.training.phase import prepare
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.updates.step import PhaseStep
from tests.support import small_nets, tiny_run
from tests.support.processes import run_program, stop_program
from tests.support.same_runs import assert_equal


class _Killed(BaseException):
    """The end of a process, as far as a run can tell."""


def document(folder: Path, **changes: Any) -> dict[str, Any]:
    """Stored mixtures at one size; drawn ones at another, oblong one; the first again; then the size of the model."""
    top = {"unfreeze": {"last": 2}, "learning_rate": 0.003, "batch_norm": "statistics"}
    return {
        "name": "sizes",
        "seed": 3,
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": str(folder / "data.npz")},
        "backbone": {"kind": "saved", "path": str(folder / "net.keras")},
        "head": {"dropout": 0.2},
        "defaults": {"batch_size": 10, "epochs": 2},
        "phases": [
            {
                "name": "head",
                "unfreeze": "none",
                "learning_rate": 0.01,
                "epochs": 4,
                "image_size": 24,
                "augment": {"preset": "light", "zoom": 0.2, "views": 2},
                "mixup": 0.3,
                "cutmix": 1.0,
            },
            {"name": "top", **top, "image_size": [20, 28], "accumulate": 2, "augment": "light", "mixup": 0.3},
            {"name": "on", **top, "batch_norm": "frozen", "image_size": 24, "ema": 0.8, "carry_optimizer": True},
            {"name": "whole", "unfreeze": "all", "learning_rate": 1e-3, "epochs": 1, "l2_sp": 0.1},
        ],
        "output": {"checkpoint": {"every": {"steps": 2}}, "gradient_norms": True},
        **changes,
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sizes")
    tiny_run.write_data(folder / "data.npz")
    small_nets.save_net(folder / "net.keras", "plain")
    return folder


def run_in(folder: Path, name: str, settings: dict[str, Any]) -> Path:
    runtime = {**settings.get("runtime", {}), "cache_directory": str(folder / "cache")}
    return kt.run({**settings, "runtime": runtime}, run_dir=folder / name).path


@pytest.fixture(scope="module")
def base(place: Path) -> Path:
    return run_in(place, "base", document(place))


@pytest.mark.slow
def test_computed_again_it_is_the_run_on_stores_to_the_last_bit(place: Path, base: Path) -> None:
    plan = json.loads((base / "plan.json").read_text())
    assert [phase["store"]["train"] for phase in plan["phases"][:2]] == ["cut", None]
    assert [phase["store"]["validation"] for phase in plan["phases"][:3]] == ["cut"] * 3
    off = run_in(place, "off", document(place, runtime={"cache": "off"}))
    assert tiny_run.results(off) == tiny_run.results(base)


@pytest.mark.slow
def test_killed_in_every_phase_it_ends_as_if_nothing_had_happened(
    place: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, steps = PhaseStep.train, 0

    def count_and_die(step: PhaseStep, *arguments: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps in (8, 25, 31, 40):
            raise _Killed
        return train(step, *arguments)

    monkeypatch.setattr(PhaseStep, "train", count_and_die)
    deaths = 0
    while True:
        try:
            run = run_in(place, "killed", document(place))
            break
        except _Killed:
            deaths += 1
    assert deaths == 4
    assert tiny_run.results(run) == tiny_run.results(base)


@pytest.mark.slow
def test_many_steps_to_a_call_are_single_steps_to_the_last_bit(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = document(place)["phases"][0]
    once = tiny_run.results(run_in(place, "one", document(place, phases=[head])))
    monkeypatch.setattr(prepare, "FEWEST_STEPS", 0)
    counts: list[int] = []
    train_many = PhaseStep.train_many

    def count(step: PhaseStep, stack: tuple, first: int, number: int, epoch: tf.Tensor) -> tf.Tensor:
        counts.append(number)
        return train_many(step, stack, first, number, epoch)

    monkeypatch.setattr(PhaseStep, "train_many", count)
    many = tiny_run.results(run_in(place, "many", document(place, phases=[head])))
    assert sum(counts) == 20
    assert many == once


def net_at(folder: Path, size: tuple[int, int], weights: dict[str, np.ndarray]) -> keras.Model:
    """The net and its head as Keras alone builds them for images of a size, with these weights by path."""
    saved = keras.models.load_model(folder / "net.keras")
    config = json.loads(json.dumps(saved.get_config()).replace("[null, 32, 32, 3]", f"[null, {size[0]}, {size[1]}, 3]"))
    body = keras.Model.from_config(config)
    body.set_weights(saved.get_weights())
    pooled = keras.layers.GlobalAveragePooling2D()(body.output)
    model = keras.Model(body.input, keras.layers.Dense(2, name="head_output")(pooled))
    for variable in model.variables:
        if variable.path in weights:
            variable.assign(weights[variable.path])
    return model


def cross_entropy(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    logits = model(images.astype(np.float32), training=False).numpy().astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]))


def test_training_has_the_size_of_the_phase_and_all_figures_that_of_the_model(place: Path) -> None:
    """Keras' own net, built for each size, gives the figures of a phase that hardly moves."""
    still = {"unfreeze": "none", "learning_rate": 1e-12, "weight_decay": 0, "epochs": 1}
    settings = document(place, phases=[{"name": "head", "image_size": [20, 28], **still}], head={"dropout": 0})
    run = run_in(place, "still", settings)
    weights = load_file(run / "phases/00-head/best.safetensors")
    session = assemble(read(settings), engine.devices(read(settings)), lambda line: None)
    row, metrics = tiny_run.history(run)[0], json.loads((run / "metrics.json").read_text())

    def expect(split: str, size: tuple[int, int]) -> float:
        indices = session.source.splits[split]
        loader = session.at(size).loader
        (images,) = loader.inputs(indices, len(indices))
        assert images.shape[1:] == (*size, 3)
        return cross_entropy(net_at(place, size, weights), images.numpy(), np.asarray(session.source.labels)[indices])

    assert float(row["train_loss"]) == pytest.approx(expect("train", (20, 28)), abs=1e-5)
    assert float(row["validation_loss"]) == pytest.approx(expect("validation", (32, 32)), abs=1e-5)
    assert metrics["test"]["loss"] == pytest.approx(expect("test", (32, 32)), abs=1e-5)
    assert abs(expect("train", (20, 28)) - expect("train", (32, 32))) > 1e-3, "the sizes differ in what they give"


@pytest.mark.slow
def test_two_replicas_equal_one(place: Path, base: Path) -> None:
    (place / "sizes.json").write_text(json.dumps(document(place)))
    for name, replicas in (("one-replica", 1), ("two-replicas", 2)):
        done = run_program(
            place, "run", "sizes.json", "--run-dir", name, "--set", f"runtime.replicas={replicas}",
            "--set", "phases.top.batch_norm=frozen",
        )  # fmt: skip
        assert done.code == 0, done.err
    assert_equal(place / "one-replica", place / "two-replicas")


@pytest.mark.slow
def test_killed_processes_leave_a_run_that_verifies(place: Path, base: Path) -> None:
    (place / "sizes.json").write_text(json.dumps(document(place)))
    words = ("run", "sizes.json", "--run-dir", "processes")
    for file in ("phases/00-head/checkpoint/000000004.safetensors", "phases/01-top/history.csv", "metrics.json"):
        assert stop_program(place, signal.SIGKILL, place / "processes" / file, *words).code == -signal.SIGKILL
    done = run_program(place, *words)
    assert done.code == 0, done.err
    assert tiny_run.results(place / "processes") == tiny_run.results(base)
    for words in (("verify", "processes"), ("evaluate", "processes", "--split", "test")):
        done = run_program(place, *words)
        assert done.code == 0, done.out + done.err
