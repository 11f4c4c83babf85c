"""Heads that a solver sets, in whole runs: every kind of label and input, no data to speak of, killed, in company."""

from __future__ import annotations

import csv
import json
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression, Ridge

from tests.support import small_nets
from tests.support.processes import Outcome, run_named, run_program, stop_program
from tests.support.same_runs import assert_equal
from tests.support.sound_files import write_folder
from tests.support.tiny_run import results
from tests.support.tiny_text import text_document, write_texts

L2 = 0.01
PROBE = {"name": "probe", "unfreeze": "none", "epochs": 300, "optimizer": {"name": "lbfgs", "l2": L2}}
TOP = {"name": "top", "unfreeze": {"last": 1}, "epochs": 2, "learning_rate": 0.003, "batch_size": 10}
KINDS = ("classes", "several", "value", "values", "texts", "sounds")
ROWS = 75

pytestmark = pytest.mark.slow


def write_pictures(path: Path) -> None:
    random, kinds = np.random.default_rng(0), np.arange(ROWS) % 3
    pictures = random.integers(0, 120, (ROWS, 32, 32, 3)).astype(np.uint8)
    pictures[kinds == 1, 8:24, 8:24] += 100
    pictures[kinds == 2, :, 16:] += 60
    several = np.stack([kinds == 1, kinds != 2], axis=1).astype(np.int64)
    value = pictures.mean(axis=(1, 2, 3)).astype(np.float32)
    both = np.stack([value, pictures.std(axis=(1, 2, 3)).astype(np.float32)], axis=1)
    np.savez(path, x=pictures, classes=kinds, several=several, value=value, values=both, group=np.arange(ROWS) // 3)


def on_pictures(folder: Path, label: str, **task: Any) -> dict[str, Any]:
    return {
        "seed": 3,
        "task": {"kind": "image_classification", **task},
        "data": {"kind": "arrays", "path": str(folder / "data.npz"), "y": label, "group": "group"},
        "backbone": {"kind": "saved", "path": str(folder / "net.keras")},
        "phases": [PROBE, TOP],
    }


def write_documents(folder: Path) -> None:
    """Write a configuration of each kind, as `classes.json`, and what it reads."""
    small_nets.save_net(folder / "net.keras", "plain")
    write_pictures(folder / "data.npz")
    weighed = {**PROBE, "class_weights": "balanced", "label_smoothing": 0.1}
    texts = text_document(write_texts(folder / "texts.csv"))
    texts["data"] |= {"sequence_length": 32, "long_texts": "windows"}
    keras.utils.set_random_seed(0)
    mels = keras.Input((40, 16, 1), name="log_mel")
    keras.Model(mels, keras.layers.Conv2D(8, 3, 2, activation="relu")(mels)).save(folder / "sounds.keras")
    write_folder(folder / "wav", count=12)
    sounds = {
        "seed": 3,
        "task": {"kind": "audio_classification"},
        "data": {"kind": "folder", "path": str(folder / "wav"), "sample_rate": 8000},
        "backbone": {"kind": "saved", "path": str(folder / "sounds.keras"),
                     "input": {"log_mel": {"bins": 16, "low": 100.0, "high": 3900.0}}},
        "phases": [{**PROBE, "augment": {"preset": "light", "views": 2}}],
    }  # fmt: skip
    documents = {
        "classes": {**on_pictures(folder, "classes"), "phases": [weighed, TOP]},
        "several": {**on_pictures(folder, "several", multi_label=True), "phases": [PROBE]},
        "value": {**on_pictures(folder, "value", kind="image_regression"), "phases": [PROBE]},
        "values": {**on_pictures(folder, "values", kind="image_regression"), "phases": [PROBE]},
        "texts": {**texts, "phases": [PROBE, {**TOP, "epochs": 1, "lora": {"rank": 2}}]},
        "sounds": sounds,
    }
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("solved")
    write_documents(made)
    return made


@pytest.fixture(scope="module")
def commands(folder: Path) -> dict[str, Outcome]:
    words = {}
    for kind in KINDS:
        words[kind] = ("run", f"{kind}.json", "--run-dir", kind)
        words[f"{kind} off"] = ("run", f"{kind}.json", "--run-dir", f"{kind}-off", "--set", "runtime.cache=off")
        words[f"{kind} verify"] = ("verify", kind)
    return run_named(folder, words)


@pytest.fixture(scope="module")
def company(folder: Path) -> dict[str, Outcome]:
    """What is done with solved heads: refits, runs that keep them, folds, a search."""
    kept = 'backbone={"kind": "run", "path": "refit", "head": "keep"}'
    space = {"phases.probe.optimizer.l2": [0.001, 0.1], "phases.top.learning_rate": [0.001, 0.003]}
    (folder / "space.json").write_text(json.dumps(space))
    of_head = ("--set", f"phases={json.dumps([PROBE])}")
    words = {
        "refit": ("run", "classes.json", "--run-dir", "refit", "--set", "refit=true"),
        "refit verify": ("verify", "refit"),
        "keep": ("run", "classes.json", "--run-dir", "keep", "--set", kept, *of_head),
        "keep again": (
            "run", "classes.json", "--run-dir", "again", *of_head, "--set",
            'backbone={"kind": "run", "path": "keep", "head": "keep"}',
        ),
        "again verify": ("verify", "again"),
        "folds": ("crossvalidate", "classes.json", "--folds", "2", "--run-dir", "folds", "--json"),
        "folds verify": ("verify", "folds"),
        "search": (
            "search", "classes.json", "space.json", "--sampler", "grid", "--no-prune", "--json", "--run-dir", "search",
        ),
        "winner": ("run", "search/best.json", "--run-dir", "winner"),
    }  # fmt: skip
    return run_named(folder, words)


@pytest.fixture(scope="module")
def base(folder: Path, commands: dict[str, Outcome]) -> Path:
    assert commands["classes"].code == 0, commands["classes"].err
    return folder / "classes"


def solver_of(run: Path, phases: str = "phases") -> dict[str, Any]:
    return json.loads((run / phases / "00-probe/result.json").read_text())["solver"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_of_every_kind_is_set_with_and_without_a_store(
    folder: Path, commands: dict[str, Outcome], kind: str
) -> None:
    for name in (kind, f"{kind} off", f"{kind} verify"):
        assert commands[name].code == 0, commands[name].text
    assert solver_of(folder / kind)["converged"]
    assert "phase probe done: the optimum after" in commands[kind].err
    for what in ("weights", "history", "metrics"):
        assert results(folder / f"{kind}-off")[what] == results(folder / kind)[what]


def read_splits(run: Path) -> dict[str, np.ndarray]:
    with (run / "splits.csv").open(encoding="utf-8") as file:
        rows = [(int(row["input"][2:-1]), row["split"]) for row in csv.DictReader(file)]
    return {split: np.array([index for index, own in rows if own == split]) for split in ("train", "test")}


def outputs_and_features(folder: Path, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """What the saved model answers to all pictures, and the features that its head reads, by Keras alone."""
    pictures = np.load(folder / "data.npz")["x"].astype(np.float32)
    outputs = keras.models.load_model(folder / kind / "model/model.keras").predict(pictures, verbose=0)
    maps = keras.models.load_model(folder / "net.keras").predict(pictures, verbose=0)
    return outputs, maps.mean(axis=(1, 2)).astype(np.float64)


def test_several_labels_are_scikit_learns_regressions(folder: Path, commands: dict[str, Outcome]) -> None:
    outputs, features = outputs_and_features(folder, "several")
    train, labels = read_splits(folder / "several")["train"], np.load(folder / "data.npz")["several"]
    for number in range(2):
        strength = 1 / (L2 * len(train) * 2)
        known = LogisticRegression(C=strength, max_iter=10000, tol=1e-9).fit(features[train], labels[train, number])
        assert outputs[:, number] == pytest.approx(known.predict_proba(features)[:, 1], abs=2e-3)


@pytest.mark.parametrize("kind", ["value", "values"])
def test_values_are_scikit_learns_ridge(folder: Path, commands: dict[str, Outcome], kind: str) -> None:
    outputs, features = outputs_and_features(folder, kind)
    train = read_splits(folder / kind)["train"]
    values = np.load(folder / "data.npz")[kind].reshape(ROWS, -1).astype(np.float64)
    mean, deviation = values[train].mean(axis=0), values[train].std(axis=0)
    known = Ridge(alpha=L2 * len(train) * values.shape[1] / 2).fit(features[train], (values[train] - mean) / deviation)
    expected = known.predict(features).reshape(values.shape) * deviation + mean
    assert outputs.reshape(values.shape) == pytest.approx(expected, rel=1e-3)


def test_a_refit_is_the_optimum_on_all_examples(folder: Path, base: Path, company: dict[str, Outcome]) -> None:
    for name in ("refit", "refit verify"):
        assert company[name].code == 0, company[name].text
    assert "refit of phase probe done: the optimum after" in company["refit"].err
    assert solver_of(folder / "refit", "refit")["converged"]
    assert solver_of(folder / "refit") == solver_of(base)


def test_a_head_that_is_kept_is_where_the_solver_begins(folder: Path, company: dict[str, Outcome]) -> None:
    for name in ("keep", "keep again", "again verify"):
        assert company[name].code == 0, company[name].text
    # On the examples that it was solved on nothing is left to do.
    found = solver_of(folder / "again")
    assert found["converged"] and found["iterations"] <= 1
    assert found["loss"] + found["penalty"] == pytest.approx(
        solver_of(folder / "keep")["loss"] + solver_of(folder / "keep")["penalty"], abs=1e-6
    )


def test_folds_and_a_search_over_the_penalty(folder: Path, company: dict[str, Outcome]) -> None:
    for name in ("folds", "folds verify", "search", "winner"):
        assert company[name].code == 0, company[name].text
    best = company["search"].json["best"]
    history = (folder / "winner/history.csv").read_text().splitlines()
    assert str(best["value"]) in [cell for row in history[1:] for cell in row.split(",")]


def test_killed_in_the_middle_it_ends_with_the_same_bits(folder: Path, base: Path) -> None:
    words = ("run", "classes.json", "--run-dir", "killed")
    killed = stop_program(folder, signal.SIGKILL, folder / "killed/phases/00-probe/history.csv", *words)
    assert killed.code == -signal.SIGKILL
    assert not (folder / "killed/phases/00-probe/result.json").exists()
    last = run_program(folder, *words)
    assert last.code == 0, last.err
    assert results(folder / "killed") == results(base)


@pytest.mark.parametrize("replicas", [2, 4])
def test_replicas_equal_one(folder: Path, base: Path, replicas: int) -> None:
    run = f"on-{replicas}"
    done = run_program(folder, "run", "classes.json", "--run-dir", run, "--set", f"runtime.replicas={replicas}")
    assert done.code == 0, done.err
    assert_equal(base, folder / run)


def test_two_workers_equal_one(folder: Path, base: Path) -> None:
    done = run_program(folder, "launch", "--workers", "2", "classes.json", "--run-dir", "pair")
    assert done.code == 0, done.err
    assert_equal(base, folder / "pair")


def broken_net(path: Path, factor: float) -> str:
    keras.utils.set_random_seed(0)
    pictures = keras.Input((32, 32, 3))
    # Without a ReLU, which takes NaN for 0 in some kernels and not in others.
    layer = keras.layers.Conv2D(4, 3, strides=2, name="early")
    keras.Model(pictures, layer(pictures)).save(path)
    model = keras.models.load_model(path)
    kernel, bias = model.get_layer("early").get_weights()
    model.get_layer("early").set_weights([kernel * factor, bias])
    model.save(path)
    return str(path)


@pytest.fixture(scope="module")
def odd(folder: Path) -> dict[str, Outcome]:
    """Runs on data and features that leave little to solve."""
    random, numbers = np.random.default_rng(1), np.arange(40)
    (folder / "pictures").mkdir()
    for number in numbers:
        Image.fromarray(random.integers(0, 200, (32, 32, 3)).astype(np.uint8)).save(folder / f"pictures/{number}.png")
    Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(folder / "pictures/grey.png")
    split = np.array(["train", "validation", "test", "train"])[numbers // 2 % 4]
    ones = np.flatnonzero((numbers % 2 == 1) & (split == "train"))
    columns = {
        "usual": numbers % 2,
        "lonely": np.where(np.isin(numbers, ones[1:]), 0, numbers % 2),
        "absent": np.where(split == "train", numbers % 2, numbers % 3),
        "split": split,
        "few": np.where(numbers < 2, "train", np.where(split == "train", "test", split)),
    }
    with (folder / "odd.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "grey", *columns])
        writer.writerows(
            [f"pictures/{number}.png", "pictures/grey.png", *(column[number] for column in columns.values())]
            for number in numbers
        )
    nan, huge = broken_net(folder / "nan.keras", np.nan), broken_net(folder / "huge.keras", 1e12)
    data = {"kind": "table", "path": str(folder / "odd.csv"), "input": "file", "label": "usual",
            "splits": {"column": "split"}}  # fmt: skip
    cases: dict[str, dict[str, Any]] = {
        "nan": {"backbone": {"kind": "saved", "path": nan, "input": "-1-1"}},
        "huge": {"backbone": {"kind": "saved", "path": huge, "input": "-1-1"}},
        "constant": {"data": {**data, "input": "grey"}},
        "lonely": {"data": {**data, "label": "lonely"}},
        "absent": {"data": {**data, "label": "absent"}},
        "few": {"data": {**data, "splits": {"column": "few"}}},
    }
    usual = {**on_pictures(folder, "classes"), "data": data, "phases": [PROBE]}
    for name, case in cases.items():
        (folder / f"odd-{name}.json").write_text(json.dumps({**usual, **case}))
    return run_named(folder, {name: ("run", f"odd-{name}.json", "--run-dir", f"odd-{name}") for name in cases})


def test_features_that_are_no_numbers_are_said(odd: dict[str, Outcome]) -> None:
    assert odd["nan"].code == 4
    assert "the features of phase probe are NaN or infinite; is the backbone trained?" in odd["nan"].err
    assert "Traceback" not in odd["nan"].text


@pytest.mark.parametrize("name", ["huge", "constant", "lonely", "few"])
def test_little_to_learn_is_no_trouble(folder: Path, odd: dict[str, Outcome], name: str) -> None:
    assert odd[name].code == 0, odd[name].text
    found = solver_of(folder / f"odd-{name}")
    assert found["converged"]
    assert 0 <= found["loss"] <= np.log(2) + 1e-6


def test_features_that_are_all_alike_give_the_shares_of_the_classes(folder: Path, odd: dict[str, Outcome]) -> None:
    assert solver_of(folder / "odd-constant")["loss"] == pytest.approx(np.log(2), abs=1e-6)


def test_a_class_that_is_not_trained_on_is_no_trouble(odd: dict[str, Outcome]) -> None:
    # It ends with a model, or with the sentence that data of too few examples end with.
    assert odd["absent"].code in (0, 3)
    assert "Traceback" not in odd["absent"].text
