"""Unknown answers of an ensemble: the mean distance of its members, and a threshold by examples out of fold."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import keras
import numpy as np
import pytest

import kerastune_ft
from kerastune_ft.api.folds import CrossValidation


def read_distances(run: Path, name: str, key: str, value: str) -> dict[str, float]:
    with (run / name).open(newline="") as file:
        return {row["input"]: float(row["distance"]) for row in csv.DictReader(file) if row[key] == value}


def find_nearest(features: np.ndarray, examples: np.ndarray) -> np.ndarray:
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    known = examples / np.linalg.norm(examples, axis=1, keepdims=True)
    return np.array([min(np.linalg.norm(row - other) for other in known) for row in unit.astype(np.float64)])


def read_members(run: Path) -> list[np.ndarray]:
    with np.load(run / "model" / "unknown.npz") as file:
        assert file["places"].tolist() == ["seed_0_fold_0", "seed_0_fold_1"]
        return list(np.split(file["examples"].astype(np.float64), np.cumsum(file["counts"])[:-1]))


def test_every_member_keeps_what_it_trained_on(crossvalidated: CrossValidation) -> None:
    assert [len(own) for own in read_members(crossvalidated.path)] == [30, 30]


def test_distances_are_the_mean_of_those_to_the_examples_of_each_member(crossvalidated: CrossValidation) -> None:
    run = crossvalidated.path
    config = json.loads((run / "config.json").read_text())
    images = np.load(config["data"]["path"])["x"]
    ensemble = keras.models.load_model(run / "model" / "model.keras")
    inner = next(layer for layer in ensemble.layers if isinstance(layer, keras.Model))
    features = keras.Model(inner.input, inner.get_layer("head_pooling").output)(images.astype(np.float32)).numpy()
    wanted = np.mean([find_nearest(features, own) for own in read_members(run)], axis=0)
    with_unknown = keras.models.load_model(run / "model" / "unknown.keras")(images.astype(np.float32))
    np.testing.assert_allclose(np.asarray(with_unknown["distance"]), wanted, atol=2e-3)
    found = read_distances(run, "evaluation/predictions.csv", "split", "test")
    numbers = [int(name.partition("[")[2].rstrip("]")) for name in found]
    assert len(found) == 10
    np.testing.assert_allclose(list(found.values()), wanted[numbers], atol=1e-4)


def test_the_threshold_lets_its_share_of_examples_out_of_fold_through(crossvalidated: CrossValidation) -> None:
    run = crossvalidated.path
    together = read_distances(run, "evaluation/predictions.csv", "split", "out_of_fold")
    assert together == read_distances(run, "out_of_fold.csv", "seed", "0")
    written = json.loads((run / "evaluation" / "unknown.json").read_text())
    ordered = sorted(together.values())
    last = ordered[math.ceil(0.9 * len(ordered)) - 1]
    assert written["threshold"] == pytest.approx((last + next(each for each in ordered if each > last)) / 2)
    assert written["splits"]["out_of_fold"] == {"examples": 60, "unknown": 6}
    assert "the mean over 2 members" in written["method"] and "out-of-fold example" in written["threshold_lies"]
    assert kerastune_ft.verify(run).holds, str(kerastune_ft.verify(run))


def test_predictions_say_what_is_unknown(crossvalidated: CrossValidation) -> None:
    run = crossvalidated.path
    images = np.load(json.loads((run / "config.json").read_text())["data"]["path"])["x"]
    answers = kerastune_ft.open_run(run).predict(images[:3])
    threshold = json.loads((run / "evaluation" / "unknown.json").read_text())["threshold"]
    assert (answers["unknown"] == (answers["distance"] > threshold)).all()
