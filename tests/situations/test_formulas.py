"""What a run computes is what its configuration says: situations in which another figure came out silently."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load_file

import kerastune_ft as kt
from kerastune_ft.api import training

SIZE = 32


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of two classes and a backbone with attention, all of whose variables have values."""
    folder = tmp_path_factory.mktemp("formulas")
    draw = np.random.default_rng(0)
    labels = np.arange(24) % 2
    np.savez(folder / "data.npz", x=draw.integers(0, 255, (24, SIZE, SIZE, 3), dtype=np.uint8), y=labels)
    images = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(6, 8, strides=8)(images)
    x = keras.layers.LayerNormalization()(x)
    attended = keras.layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    model = keras.Model(images, keras.layers.Add()([x, attended]))
    for variable in model.variables:
        variable.assign(draw.normal(size=variable.shape))
    model.save(folder / "backbone.keras")
    return folder


def train(folder: Path, name: str, *phases: dict[str, Any], until: str | None = None, **sections: Any) -> Path:
    """Train phases of one step, where they say nothing else, and return the run directory."""
    usual = {"unfreeze": "all", "steps": 1, "learning_rate": 0.001, "batch_size": 8}
    document = {
        "name": name,
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": str(folder / "data.npz")},
        "backbone": {"kind": "saved", "path": str(folder / "backbone.keras"), "input": "-1-1"},
        "phases": [{"name": f"phase{number}", **usual, **phase} for number, phase in enumerate(phases)],
        "output": {"directory": str(folder)},
    }
    run = training.run({**document, **sections}, run_dir=folder / name, until_phase=until)
    assert run.path == folder / name
    return run.path


@pytest.mark.slow
def test_weight_decay_moves_no_norm_and_no_bias(workplace: Path) -> None:
    without, decayed = (
        load_file(train(workplace, f"decay{decay}", {"weight_decay": decay}) / "phases/00-phase0/best.safetensors")
        for decay in (0, 5)
    )
    moved = {path.rpartition("/")[2] for path in without if (without[path] != decayed[path]).any()}
    assert moved == {"kernel"}
    # Of attention the biases have an axis of heads.
    assert max(np.ndim(value) for path, value in without.items() if path.endswith("bias")) == 2


def read_history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_macro_f1_on_data_of_one_class_is_that_of_the_class(workplace: Path) -> None:
    run = train(workplace, "one-class", {"unfreeze": "none", "epochs": 1, "steps": None})
    with np.load(workplace / "data.npz") as data:
        np.savez(workplace / "ones.npz", x=data["x"][data["y"] == 1], y=data["y"][data["y"] == 1])
    found = kt.open_run(run).evaluate(str(workplace / "ones.npz"))
    right = found["accuracy"]
    assert found["macro_f1"] == pytest.approx(2 * right / (1 + right))


def test_the_training_loss_of_several_labels_recomputed_from_the_saved_weights(workplace: Path) -> None:
    draw = np.random.default_rng(2)
    labels = (draw.random((40, 3)) < [0.5, 0.2, 0.1]).astype(np.uint8)
    labels[:3] = np.eye(3)
    images = draw.integers(0, 255, (40, SIZE, SIZE, 3), dtype=np.uint8)
    np.savez(workplace / "several.npz", x=images, y=labels)
    still = {"unfreeze": "none", "batch_size": 64, "learning_rate": 1e-30, "class_weights": "balanced"}
    run = train(
        workplace,
        "several",
        {**still, "label_smoothing": 0.2},
        task={"kind": "image_classification", "multi_label": True},
        data={"kind": "arrays", "path": str(workplace / "several.npz")},
        head={"dropout": 0},
    )
    with (run / "splits.csv").open(encoding="utf-8") as file:
        rows = [int(row["input"][2:-1]) for row in csv.DictReader(file) if row["split"] == "train"]
    weights = load_file(run / "phases/00-phase0/best.safetensors")
    kernel = next(path for path in weights if path.endswith("kernel"))
    backbone = keras.models.load_model(workplace / "backbone.keras", compile=False)
    features = np.asarray(backbone(images[rows] / 127.5 - 1)).mean(axis=(1, 2))
    logits = features @ weights[kernel] + weights[kernel.replace("kernel", "bias")]
    likely = 1 / (1 + np.exp(-logits.astype(np.float64)))
    wanted = labels[rows]
    counts = wanted.sum(axis=0)
    factors = np.where(wanted, (len(rows) - counts) / counts, 1.0)
    smooth = wanted * 0.8 + 0.1
    loss = (factors * -(smooth * np.log(likely) + (1 - smooth) * np.log(1 - likely))).mean()
    assert float(read_history(run)[0]["train_loss"]) == pytest.approx(loss, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adafactor", "nadam", "sgd"])
def test_a_phase_goes_on_with_the_optimizer_of_the_one_before(workplace: Path, optimizer: str) -> None:
    head = {"unfreeze": "none", "optimizer": optimizer, "steps": 2, "weight_decay": 0}
    carried = {**head, "unfreeze": "all", "carry_optimizer": True, "start_from": "last"}
    rows = read_history(train(workplace, f"carried-{optimizer}", head, carried, carried))
    assert [row["phase"] for row in rows] == ["phase0", "phase1", "phase2"]
    assert all(np.isfinite(float(row["train_loss"])) for row in rows)


@pytest.mark.slow
def test_a_run_of_the_first_version_goes_on_with_its_schedule(workplace: Path) -> None:
    rate = {"peak": 0.01, "shape": "one_cycle", "warmup": 0, "final": 0.001, "units": {"*": 0.5}}
    phases = {"epochs": 5, "steps": None, "batch_size": 100}, {"learning_rate": rate, "epochs": 10, "steps": None}
    rates = {}
    for version in (1, 2):
        name = f"version{version}"
        run = train(workplace, name, {**phases[0], "epochs": 1}, {**phases[0], **phases[1]}, until="phase0")
        manifest = json.loads((run / "manifest.json").read_text())
        if version == 1:
            del manifest["rules"]
        (run / "manifest.json").write_text(json.dumps(manifest))
        train(workplace, name, {**phases[0], "epochs": 1}, {**phases[0], **phases[1]})
        plan = json.loads((run / "plan.json").read_text())["phases"][1]
        rates[version] = [float(row["learning_rate"]) for row in read_history(run)[1:]], plan["rates"]["head"]
        assert json.loads((run / "manifest.json").read_text())["rules"] == version
    (earlier, earlier_head), (now, head) = rates[1], rates[2]
    assert (now[0], now[-1], head) == (pytest.approx(0.01), pytest.approx(0.001), 0.01)
    # In it a warm-up of 0 was the usual one, the last step was above the final rate, and a pattern scaled the head.
    assert int(np.argmax(earlier)) == 3
    assert earlier[-1] > 0.0011
    assert earlier_head == 0.005


@pytest.mark.slow
def test_a_head_is_trained_as_a_loop_by_hand_trains_it(workplace: Path) -> None:
    """Schedule, momentum, decay, clipping, smoothing and class weights together, in float64."""
    peak, final, smoothing, decay, clip, momentum = 0.5, 0.05, 0.2, 0.3, 0.4, 0.9
    phase = {
        "unfreeze": "none",
        "batch_size": 64,
        "steps": 7,
        "learning_rate": {"peak": peak, "shape": "linear", "warmup": 0.3, "final": final},
        "optimizer": {"name": "sgd", "momentum": momentum},
        "weight_decay": decay,
        "clip_norm": clip,
        "label_smoothing": smoothing,
        "class_weights": {"1": 3.0},
    }
    plain = {"head": {"dropout": 0}, "seed": 5}
    before = load_file(
        train(workplace, "before", {"unfreeze": "none", "learning_rate": 1e-30, "weight_decay": 0}, **plain)
        / "phases/00-phase0/best.safetensors"
    )
    run = train(workplace, "by-hand", phase, **plain)
    with (run / "splits.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    with np.load(workplace / "data.npz") as data:
        images, labels = (data[name][[int(row["input"][2:-1]) for row in rows]] for name in "xy")
    backbone = keras.models.load_model(workplace / "backbone.keras", compile=False)
    features = np.asarray(backbone(images / 127.5 - 1), np.float64).mean(axis=(1, 2))
    path = next(path for path in before if path.endswith("kernel"))
    kernel, bias = (before[one].astype(np.float64) for one in (path, path.replace("kernel", "bias")))
    speeds = [np.zeros_like(kernel), np.zeros_like(bias)]
    targets = np.eye(2)[labels] * (1 - smoothing) + smoothing / 2
    weights = np.where(labels == 1, 3.0, 1.0)[:, np.newaxis]
    # Two of seven steps of warm-up; the third has the peak, the seventh the final rate.
    for rate in [peak / 3, peak * 2 / 3, *(peak + (final - peak) * step / 4 for step in range(5))]:
        likely = np.exp(features @ kernel + bias)
        likely /= likely.sum(axis=1, keepdims=True)
        wrong = weights * (likely - targets) / len(labels)
        slopes = [features.T @ wrong, wrong.sum(axis=0)]
        length = np.sqrt(sum((slope**2).sum() for slope in slopes))
        assert length > clip
        kernel = kernel * (1 - rate * decay)
        speeds = [momentum * speed - rate * slope * clip / length for speed, slope in zip(speeds, slopes, strict=True)]
        kernel, bias = kernel + speeds[0], bias + speeds[1]
    # The state after the last step, whichever epoch is the best.
    end = load_file(run / "phases/00-phase0/checkpoint/000000007.safetensors")
    found = {name.removeprefix("variable:"): value for name, value in end.items()}
    np.testing.assert_allclose(found[path], kernel, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[path.replace("kernel", "bias")], bias, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_units_are_trained_at_rates_of_their_own_as_by_hand(workplace: Path) -> None:
    """Layer-wise decay, factors by pattern, the head's own rate, and weight decay by them; plain gradient descent."""
    rate = {"peak": 0.02, "unit_decay": 0.5, "units": {"part1": 0.3, "*": 1.5}, "head": 0.1}
    phase = {"batch_size": 64, "steps": 2, "learning_rate": rate, "optimizer": "sgd", "weight_decay": 0.4}
    plain = {"head": {"dropout": 0}, "seed": 5}
    start = load_file(
        train(workplace, "start", {"unfreeze": "none", "learning_rate": 1e-30, "weight_decay": 0}, **plain)
        / "phases/00-phase0/best.safetensors"
    )
    run = train(workplace, "units", phase, **plain)
    plan = json.loads((run / "plan.json").read_text())
    units = [unit["id"] for unit in plan["backbone"]["units"]]
    assert len(units) > 1
    of_layer = {layer: unit["id"] for unit in plan["backbone"]["units"] for layer in unit["layers"]}
    factors = {unit: 0.5 ** (len(units) - 1 - place) * 1.5 for place, unit in enumerate(units)}
    factors["part1"] *= 0.3
    with (run / "splits.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    with np.load(workplace / "data.npz") as data:
        images, labels = (data[name][[int(row["input"][2:-1]) for row in rows]] for name in "xy")
    backbone = keras.models.load_model(workplace / "backbone.keras", compile=False)
    path = next(path for path in start if path.endswith("kernel"))
    head = [tf.Variable(start[one]) for one in (path, path.replace("kernel", "bias"))]
    variables = {variable.path: variable.value for variable in backbone.trainable_variables}
    variables |= {path: head[0], path.replace("kernel", "bias"): head[1]}
    for _ in range(2):
        with tf.GradientTape() as tape:
            features = tf.reduce_mean(backbone(images / 127.5 - 1), [1, 2])
            logits = features @ head[0] + head[1]
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        for (name, variable), slope in zip(
            variables.items(), tape.gradient(loss, list(variables.values())), strict=True
        ):
            layer = name.partition("/")[0]
            own = 0.1 if layer not in of_layer else 0.02 * factors[of_layer[layer]]
            decay = 0.4 if name.endswith("kernel") else 0.0
            variable.assign(variable * (1 - own * decay) - own * slope)
    end = load_file(run / "phases/00-phase0/checkpoint/000000002.safetensors")
    for name, variable in variables.items():
        np.testing.assert_allclose(end[f"variable:{name}"], variable.numpy(), rtol=2e-4, atol=1e-5, err_msg=name)
