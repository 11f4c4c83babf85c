"""Runs on sounds from beginning to end: a small network of log-mel spectrograms, and files of several rates."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.input.sounds.resample import resample
from tests.support.processes import Outcome, run_commands, run_named, run_program
from tests.support.same_runs import assert_equal
from tests.support.sound_files import tone, wav, write_folder
from tests.support.tiny_run import results

layers = keras.layers


def network(path: Path) -> Path:
    """Convolutions over log-mel spectrograms of 16 bins, with a BatchNorm that is not fresh and dropout."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((40, 16, 1), name="log_mel")
    x = layers.Conv2D(8, 3, 2, padding="same", use_bias=False, name="first_conv")(inputs)
    norm = layers.BatchNormalization(name="first_norm")
    x = layers.ReLU(name="first_relu")(norm(x))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="second_conv")(x)
    x = layers.SpatialDropout2D(0.1, name="second_dropout")(x)
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu", name="third_conv")(x)
    norm.moving_mean.assign(np.linspace(-0.2, 0.2, 8))
    keras.Model(inputs, x).save(path)
    return path


def document(folder: Path) -> dict[str, Any]:
    return {
        "name": "sounds",
        "seed": 3,
        "task": {"kind": "audio_classification"},
        "data": {"kind": "folder", "path": str(folder / "data"), "sample_rate": 8000},
        "backbone": {
            "kind": "saved",
            "path": str(folder / "net.keras"),
            "input": {"log_mel": {"bins": 16, "low": 100.0, "high": 3900.0}},
        },
        "head": {"dropout": 0.1},
        "defaults": {"batch_size": 6, "epochs": 4},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.05},
            {
                "name": "top",
                "unfreeze": {"last": 2},
                "learning_rate": 0.01,
                "epochs": 6,
                "mixup": 0.1,
                "augment": {"preset": "light", "frequency_mask": 0.1, "views": 2},
            },
        ],
        "output": {"checkpoint": {"every": {"steps": 4}}},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sounds")
    write_folder(made / "data", count=20)
    network(made / "net.keras")
    (made / "sounds.json").write_text(json.dumps(document(made)))
    shutil.copytree(made / "data", made / "more")
    return made


@pytest.fixture(scope="module")
def commands(folder: Path) -> dict[str, Outcome]:
    one = str(folder / "data" / "low" / "05.wav")
    (folder / "broken.wav").write_bytes(wav(np.zeros(100))[:-8])
    (folder / "files.csv").write_text("file\ndata/low/02.wav\n")
    words = {
        "run": ("run", "sounds.json", "--run-dir", "base"),
        "off": ("run", "sounds.json", "--run-dir", "off", "--set", "runtime.cache=off"),
        "from": ("plan", "sounds.json", "--json", "--set", 'backbone={"kind": "run", "path": "base", "head": "keep"}'),
        "other length": ("plan", "sounds.json", "--set", 'backbone={"kind": "run", "path": "base"}', "--set",
                         "data.seconds=0.5"),
        "pictures": ("run", "sounds.json", "--set", "task.kind=image_classification"),
        "evaluate": ("evaluate", "base", "--json"),
        "evaluate data": ("evaluate", "base", "--data", "more", "--json"),
        "evaluate arrays": ("evaluate", "base", "--data", "arrays.npz", "--json"),
        "evaluate other rate": ("evaluate", "base", "--data", "said.npz", "--json"),
        "evaluate table": ("evaluate", "base", "--data", "files.csv", "--json"),
        "predict arrays": ("predict", "base", "arrays.npz", "said.npz", "--json"),
        "run arrays": ("run", "arrays.json", "--run-dir", "of_arrays"),
        "evaluate its own": ("evaluate", "of_arrays", "--json"),
        "predict": ("predict", "base", one, "data", "broken.wav", "files.csv", "--input", "file", "--json"),
        "verify": ("verify", "base"),
        "report": ("report", "base"),
        "plan": ("plan", "sounds.json", "--json"),
        "images": ("plan", "images.json", "--json"),
        "moonshine": ("run", "moonshine.json", "--run-dir", "moonshine"),
        "moonshine off": ("run", "moonshine.json", "--run-dir", "moonshine_off", "--set", "runtime.cache=off"),
    }  # fmt: skip
    encoder = {"kind": "keras_hub", "class": "WhisperBackbone", "options": {"max_encoder_sequence_length": 20}}
    heard = {**document(folder), "backbone": encoder, "data": {"kind": "folder", "path": str(folder / "data")}}
    heard["defaults"] = {"batch_size": 6, "epochs": 1}
    heard["phases"] = [{"name": "head", "unfreeze": "all", "learning_rate": 0.003},
                       {"name": "top", "unfreeze": {"last": 1}, "learning_rate": 0.001}]  # fmt: skip
    (folder / "whisper.json").write_text(json.dumps(heard))
    cut_inside = [{"name": "head", "unfreeze": "none", "learning_rate": 0.003},
                  {"name": "top", "unfreeze": {"last": 1}, "learning_rate": 0.001}]  # fmt: skip
    moonshine = {**heard, "backbone": {"kind": "keras_hub", "class": "MoonshineBackbone"}, "phases": cut_inside}
    (folder / "moonshine.json").write_text(json.dumps(moonshine))
    embedded = {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 32}
    sounds = np.stack([tone((2000, 500)[n % 2], 0.2, seed=n) for n in range(40)]).astype(np.float32)
    np.savez(folder / "arrays.npz", x=sounds, y=np.array(["high", "low"])[np.arange(40) % 2])
    half = np.stack([resample(each, 8000, 4000) for each in sounds])
    np.savez(folder / "said.npz", x=half, y=np.array(["high", "low"])[np.arange(40) % 2], sample_rate=4000)
    given = {"kind": "arrays", "path": str(folder / "arrays.npz"), "sample_rate": 8000}
    short = {"defaults": {"batch_size": 6, "epochs": 1}, "phases": document(folder)["phases"][:1]}
    (folder / "arrays.json").write_text(json.dumps({**document(folder), **short, "data": given}))
    (folder / "images.json").write_text(json.dumps({**document(folder), "backbone": embedded}))
    return run_named(folder, words)


@pytest.fixture(scope="module")
def whisper(folder: Path, commands: dict[str, Outcome]) -> dict[str, Outcome]:
    words = {
        "run": ("run", "whisper.json", "--run-dir", "whisper"),
        "evaluate": ("evaluate", "whisper", "--json"),
        "verify": ("verify", "whisper"),
        "on": ("plan", "whisper.json", "--set", 'backbone={"kind": "run", "path": "whisper"}', "--json"),
        "off": ("run", "whisper.json", "--run-dir", "whisper_off", "--set", "runtime.cache=off"),
    }
    return run_named(folder, words)


def metrics(run: Path) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = json.loads((run / "metrics.json").read_text())
    return found


def test_it_learns_high_from_low(folder: Path, commands: dict[str, Outcome]) -> None:
    assert commands["run"].code == 0, commands["run"].err
    assert metrics(folder / "base")["validation"]["accuracy"] > 0.8


def test_stored_or_computed_again_the_result_is_the_same_to_the_bit(folder: Path, commands: dict[str, Outcome]) -> None:
    assert commands["off"].code == 0, commands["off"].err
    assert "stored features" in commands["run"].err
    assert "stored features" not in commands["off"].err
    assert results(folder / "off") == results(folder / "base")


# A step reads what a loader gives: tests/runs/test_resume.py and test_many_steps_runs.py stop runs on images.
@pytest.mark.slow
def test_stopped_and_resumed_the_result_is_the_same_to_the_bit(folder: Path, commands: dict[str, Outcome]) -> None:
    command = ("run", "sounds.json", "--run-dir", "cut")
    assert [done.code for done in run_commands(folder, [("stopped", *command), command])] == [75, 0]
    assert results(folder / "cut") == results(folder / "base")


@pytest.mark.slow
def test_two_replicas_give_the_same(folder: Path, commands: dict[str, Outcome]) -> None:
    words = ("--set", "runtime.strategy=mirrored", "--set", "runtime.replicas=2")
    done = run_program(folder, "run", "sounds.json", "--run-dir", "two", *words)
    assert done.code == 0, done.err
    assert_equal(folder / "base", folder / "two")


def test_the_plan_tells_length_and_rate(folder: Path, commands: dict[str, Outcome]) -> None:
    plan = commands["plan"].json
    sound = plan["sound"]
    assert (sound["sample_rate"], sound["samples"]) == (8000, round(sound["seconds"] * 8000))
    notes = " ".join(plan["notes"])
    assert "at 8000 samples a second here (where 95 % of the training examples have room)" in notes
    assert "followed by silence" in notes
    assert "log-mel spectrogram" in plan["backbone"]["preprocessing"]
    assert plan["phases"][0]["store"]["decision"] == "store"


def test_evaluation_and_predictions_are_those_of_training(folder: Path, commands: dict[str, Outcome]) -> None:
    assert commands["evaluate"].json["test"] == pytest.approx(metrics(folder / "base")["test"], rel=1e-6)
    assert commands["evaluate data"].code == 0, commands["evaluate data"].err
    assert commands["evaluate data"].json["more"]["accuracy"] > 0.8
    rows = commands["predict"].json
    assert len(rows) == 1 + 40 + 1 + 1
    by_name = {row["input"]: row for row in rows}
    with (folder / "base" / "evaluation" / "predictions.csv").open() as file:
        for row in csv.DictReader(file):
            own = by_name[f"data/{row['input']}"]
            assert own["label"] == row["prediction"]
            assert own["probability_low"] == pytest.approx(float(row["probability_low"]), abs=1e-5)
    assert by_name["broken.wav"]["error"] == "is cut short: 192 of 200 bytes of its samples are there"
    assert by_name["data/low/02.wav"]["label"] in ("high", "low")


def test_arrays_that_say_no_rate_are_taken_at_the_models_and_that_is_told(
    folder: Path, commands: dict[str, Outcome]
) -> None:
    told = "arrays.npz does not say how many samples make a second; they are taken to be 8000 (the model's rate)"
    for name in ("evaluate arrays", "predict arrays"):
        assert commands[name].code == 0, commands[name].err
        assert told in commands[name].err
    assert commands["evaluate arrays"].json["arrays.npz"]["accuracy"] > 0.8
    rows = commands["predict arrays"].json
    assert len(rows) == 80
    # A tone of 500 Hz is one at any rate; 2000 Hz is all that half of the rate can hold.
    low, other = (rows[start + 1 : start + 40 : 2] for start in (0, 40))
    assert [row["label"] for row in low] == ["low"] * 20
    assert [row["label"] for row in other] == ["low"] * 20
    assert commands["evaluate other rate"].code == 0
    assert "does not say" not in commands["evaluate other rate"].err


def test_a_run_on_arrays_is_evaluated_at_the_rate_it_was_trained_at(folder: Path, commands: dict[str, Outcome]) -> None:
    assert commands["run arrays"].code == 0, commands["run arrays"].err
    assert commands["evaluate its own"].json["test"] == pytest.approx(metrics(folder / "of_arrays")["test"], rel=1e-6)


def test_a_table_for_a_run_on_a_folder_is_refused_with_a_way_out(commands: dict[str, Outcome]) -> None:
    assert commands["evaluate table"].code == 3
    assert "predict base files.csv --input COLUMN" in commands["evaluate table"].err


def test_the_model_takes_samples_with_keras_alone(folder: Path, commands: dict[str, Outcome]) -> None:
    model = keras.models.load_model(folder / "base" / "model" / "model.keras")
    about = json.loads((folder / "base" / "model" / "preprocessing.json").read_text())
    time = np.arange(1500) / about["sample_rate"]
    sounds = [0.5 * np.sin(2 * np.pi * frequency * time) for frequency in (2100, 520)]
    found = np.asarray(model(np.stack(sounds).astype(np.float32)))
    labels = json.loads((folder / "base" / "model" / "labels.json").read_text())
    assert [labels[number] for number in found.argmax(axis=1)] == ["high", "low"]
    longer = np.pad(np.stack(sounds), ((0, 0), (0, 9000))).astype(np.float32)
    np.testing.assert_allclose(model(longer), found, atol=1e-6)


def test_a_run_is_a_backbone_of_its_own_length(commands: dict[str, Outcome]) -> None:
    assert commands["from"].code == 0, commands["from"].err
    assert commands["from"].json["sound"] == commands["plan"].json["sound"]
    assert commands["other length"].code == 2
    assert "s of sound and no other length; remove it" in commands["other length"].err


def test_the_run_holds_what_it_claims_and_reports_what_the_model_heard(
    folder: Path, commands: dict[str, Outcome]
) -> None:
    assert commands["verify"].code == 0, commands["verify"].err
    assert commands["report"].code == 0, commands["report"].err
    mistakes = json.loads((folder / "base" / "evaluation" / "mistakes.json").read_text())
    for mistake in mistakes:
        assert mistake["file"].endswith(".png") and mistake["sound"].endswith(".wav")
        assert mistake["seen"]["seconds"] == commands["plan"].json["sound"]["seconds"]
    page = (folder / "base" / "report" / "index.html").read_text()
    assert "0 x 0" not in page
    assert "followed by silence" in page


def test_a_model_of_images_takes_spectrograms(commands: dict[str, Outcome]) -> None:
    assert commands["images"].code == 0, commands["images"].err
    assert commands["images"].json["sound"] == commands["plan"].json["sound"]


def test_sounds_are_no_images(commands: dict[str, Outcome]) -> None:
    assert commands["pictures"].code == 2
    assert "data.sample_rate" in commands["pictures"].err
    assert "backbone.input" in commands["pictures"].err


# One without a length of its own is below.
@pytest.mark.slow
def test_an_encoder_of_keras_hub_hears(folder: Path, whisper: dict[str, Outcome]) -> None:
    for name in ("run", "verify", "on"):
        assert whisper[name].code == 0, whisper[name].err
    assert "stored features" in whisper["run"].err
    assert whisper["evaluate"].json["test"] == pytest.approx(metrics(folder / "whisper")["test"], rel=1e-6)
    plan = json.loads((folder / "whisper" / "plan.json").read_text())
    assert plan["sound"]["seconds"] == pytest.approx(0.2), "the longest it takes, where sounds are longer"
    assert any("here (what WhisperBackbone takes)" in note for note in plan["notes"])
    assert whisper["on"].json["sound"] == plan["sound"]


@pytest.mark.slow
def test_the_store_of_an_encoder_is_exact(folder: Path, whisper: dict[str, Outcome]) -> None:
    assert whisper["off"].code == 0, whisper["off"].err
    assert results(folder / "whisper_off") == results(folder / "whisper")


def test_the_store_of_an_encoder_without_a_length_of_its_own_is_exact(
    folder: Path, commands: dict[str, Outcome]
) -> None:
    for name in ("moonshine", "moonshine off"):
        assert commands[name].code == 0, commands[name].err
    assert "stored features" in commands["moonshine"].err
    assert results(folder / "moonshine_off") == results(folder / "moonshine")
    top = json.loads((folder / "moonshine" / "plan.json").read_text())["phases"][1]
    assert [tensor["name"] for tensor in top["cut"]] == ["encoder_block_0"]
