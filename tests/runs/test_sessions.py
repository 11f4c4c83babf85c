"""Three sessions of users, from their files to the last command, on embedded data."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import kerastune_ft as kt
from kerastune_ft.config.read import read
from kerastune_ft.data.embedded import embedded_set
from kerastune_ft.data.open import open_source
from tests.support.small_nets import save_net

IMAGES_OF_A_PATIENT = 3
PATIENTS = 30


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    patch = pytest.MonkeyPatch()
    patch.setenv("KERASTUNE_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def _write_scans(folder: Path) -> None:
    """Write drawn blood cells as scanners do: 12 bits of 16, ids with leading zeros, several images of a patient."""
    smear = embedded_set("blood_smear")
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(0)
    with (folder / "cases.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image_id", "patient", "finding", "brightness"])
        for number in range(PATIENTS * IMAGES_OF_A_PATIENT):
            deep = smear.image(number).astype(np.uint16) * 16 + random.integers(0, 16, dtype=np.uint16)
            name = f"{number:04d}"
            (folder / "images" / f"{name}.png").write_bytes(tf.io.encode_png(deep).numpy())
            patient = f"p{number // IMAGES_OF_A_PATIENT:03d}"
            rows.writerow([name, patient, smear.CLASSES[smear.label(number)], f"{deep.mean() / 4095:.4f}"])


def _scans(folder: Path, **task: Any) -> dict[str, Any]:
    return {
        "name": "scans",
        "task": {"kind": "image_classification", **task},
        "data": {
            "kind": "table",
            "path": str(folder / "cases.csv"),
            "input": "images/{image_id}.png",
            "label": "finding",
            "group": "patient",
            "intensity": [0, 4095],
        },
        "backbone": {"kind": "saved", "path": str(folder / "net.keras")},
        "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01, "batch_size": 16}],
    }


def _table(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    _write_scans(folder)
    save_net(folder / "net.keras", "residual")
    return folder


@pytest.fixture(scope="module")
def first(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> kt.Run:
    """A finished run on the scans."""
    return kt.run(_scans(scans), directory=tmp_path_factory.mktemp("runs"))


def test_deep_images_with_a_table_and_patients(tmp_path: Path, scans: Path, first: kt.Run) -> None:
    config, run = _scans(scans), first
    plan = json.loads((run.path / "plan.json").read_text())
    assert sum(plan["data"]["groups"].values()) == PATIENTS
    assert any("0 shared" in note for note in plan["data"]["notes"])
    places = _table(run.path / "splits.csv")
    split_of: dict[str, set[str]] = {}
    for row in places:
        split_of.setdefault(row["group"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in split_of.values())
    assert len(places) == PATIENTS * IMAGES_OF_A_PATIENT
    # The saved model takes the values of the file and maps them as training did.
    measured = {row["input"]: row for row in _table(run.path / "evaluation" / "predictions.csv")}
    model = run.model
    key = next(name for name in measured if measured[name]["split"] == "test")
    deep = tf.io.decode_png(tf.io.read_file(str(scans / key)), dtype=tf.uint16).numpy()
    # Called as anybody would, without saying that this is no training.
    given = np.asarray(model(deep[np.newaxis].astype(np.float32)))[0]
    classes = json.loads((run.path / "model" / "labels.json").read_text())
    expected = [float(measured[key][f"probability_{name}"]) for name in classes]
    assert given == pytest.approx(expected, abs=1e-4)
    # Another seed trains otherwise and measures on the same test set.
    settings = read({**config, "seed": 5})
    source = open_source(settings.data, settings.task, tmp_path / "cache", lambda line: None)
    keys = [source.keys[index] for index in source.splits["test"]]
    assert sorted(keys) == sorted(name for name in measured if measured[name]["split"] == "test")


def test_a_dictionary_run_twice_goes_on_where_it_stopped(tmp_path: Path) -> None:
    config = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "tfds", "name": "digits", "splits": {"folds": 10, "fold": 2, "test": 0.5}},
        "backbone": save_net(tmp_path / "net.keras", "plain"),
        "phases": [
            {"name": "head", "unfreeze": "none", "steps": 4, "learning_rate": 0.01, "sampling": "balanced"},
            {"name": "top", "unfreeze": {"last": 2}, "steps": 4, "learning_rate": 0.001, "class_weights": "balanced"},
        ],
    }
    first = kt.run(config, directory=tmp_path / "runs", until_phase="head")
    assert first.manifest["state"] == "interrupted"
    assert not first.metrics
    head = (first.path / "phases" / "00-head" / "best.safetensors").read_bytes()
    second = kt.run(config, directory=tmp_path / "runs")
    assert second.path == first.path
    assert second.manifest["state"] == "done"
    assert (second.path / "phases" / "00-head" / "best.safetensors").read_bytes() == head
    assert list(second.history.phase) == ["head", "top"]


def test_a_run_from_an_earlier_run_keeps_its_head_and_gets_a_phase_more(
    tmp_path: Path, scans: Path, first: kt.Run
) -> None:
    config = _scans(scans)
    config["backbone"] = {"kind": "run", "path": str(first.path), "head": "keep"}
    config["phases"] = [{"name": "top", "unfreeze": {"last": 2}, "steps": 2, "learning_rate": 1e-9}]
    second = kt.run(config, run_dir=tmp_path / "second")
    # With next to no learning the kept head and backbone answer as the first run did.
    assert second.metrics["test"] == pytest.approx(first.metrics["test"], abs=1e-3)
    config["phases"].append({"name": "more", "unfreeze": {"last": 4}, "steps": 2, "learning_rate": 0.001})
    longer = kt.run(config, run_dir=tmp_path / "second")
    assert longer.path == second.path
    assert list(longer.history.phase) == ["top", "more"]
    assert longer.manifest["state"] == "done"
    answers = longer.predict(scans / "images")
    assert len(answers) == PATIENTS * IMAGES_OF_A_PATIENT
    assert set(answers["label"]) <= set(json.loads((longer.path / "model" / "labels.json").read_text()))
