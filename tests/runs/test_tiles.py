"""Runs on tiles of pictures keep the promises of the engine, and give figures of whole pictures."""

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

from tests.support.mask_files import IGNORED, write_scenes
from tests.support.processes import Outcome, run_named, run_program, stop_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import results

pytestmark = pytest.mark.slow

SIZE, SHARED = 32, 8
COMMAND = ("run", "tiles.json", "--run-dir")


def document() -> dict[str, Any]:
    augment = {"preset": "none", "flip": "both", "views": 2}
    top = {"name": "top", "unfreeze": {"last": 1}, "epochs": 2, "learning_rate": 0.01, "augment": augment}
    return {
        "name": "tiles",
        "seed": 3,
        "task": {"kind": "image_segmentation", "classes": {"0": "background", "255": "cell"}, "ignore": IGNORED},
        "data": {"kind": "folder", "path": "data", "tiles": {"size": SIZE, "overlap": SHARED / SIZE}},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": SIZE},
        "head": {"width": 8, "stride": 4, "dropout": 0.1},
        "defaults": {"batch_size": 10},
        "phases": [
            {"name": "head", "unfreeze": "none", "epochs": 6, "learning_rate": 0.01, "class_weights": "balanced"},
            {**top, "loss": "cross_entropy_dice", "cutmix": 1.0},
        ],
        "output": {"checkpoint": {"every": {"steps": 2}}},
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a configuration and, later, runs."""
    made = tmp_path_factory.mktemp("tiles")
    write_scenes(made / "data", 14)
    (made / "tiles.json").write_text(json.dumps(document()))
    return made


@pytest.fixture(scope="module")
def said(place: Path) -> dict[str, Outcome]:
    words = {
        "run": (*COMMAND, "base"),
        "evaluate": ("evaluate", "base", "--json"),
        "other data": ("evaluate", "base", "--data", "data", "--json"),
        "predict": ("predict", "base", "data/images", "--output", "out", "--batch-size", "7"),
        "verify": ("verify", "base"),
        "off": (*COMMAND, "off", "--set", "runtime.cache=off"),
        "refit": (*COMMAND, "again", "--set", "refit=true"),
        "folds": ("crossvalidate", "tiles.json", "--folds", "2", "--run-dir", "folds"),
    }
    return run_named(place, words)


@pytest.fixture(scope="module")
def base(place: Path, said: dict[str, Outcome]) -> Path:
    assert said["run"].code == 0, said["run"].err
    return place / "base"


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def stitch(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """Return the class of every pixel of a picture by a loop over its tiles, as docs/data.md describes it."""
    height, width = image.shape[:2]
    places = [[*range(0, side - SIZE, SIZE - SHARED), side - SIZE] for side in (height, width)]
    ramp = np.minimum((np.minimum(np.arange(SIZE), SIZE - 1 - np.arange(SIZE)) + 0.5) / SHARED, 1)
    window = (ramp[:, np.newaxis] * ramp)[..., np.newaxis]
    total, weights = np.zeros((height, width, 2)), np.zeros((height, width, 1))
    for top in places[0]:
        for left in places[1]:
            at = slice(top, top + SIZE), slice(left, left + SIZE)
            total[at] += window * np.asarray(model(np.float32(image[at])[np.newaxis]))[0]
            weights[at] += window
    return np.asarray((total / weights).argmax(-1))


def test_neither_stores_nor_a_stop_change_anything(place: Path, base: Path, said: dict[str, Outcome]) -> None:
    assert said["off"].code == 0, said["off"].err
    assert "stored features" in said["run"].err
    assert "stored features" not in said["off"].err
    assert results(place / "off") == results(base)
    begun = place / "stopped" / "phases/01-top/checkpoint/000000002.safetensors"
    assert stop_program(place, signal.SIGTERM, begun, *COMMAND, "stopped").code == 75
    done = run_program(place, *COMMAND, "stopped")
    assert done.code == 0, done.err
    assert results(place / "stopped") == results(base)


def test_two_replicas_equal_one(place: Path) -> None:
    # Adam divides by the size of gradients, so that it makes much of the last digit of those that are all but none.
    plain = ("--set", "phases.head.optimizer=sgd", "--set", "phases.top.optimizer=sgd")
    for name, replicas in (("one", "1"), ("two", "2")):
        done = run_program(place, *COMMAND, name, *plain, "--set", f"runtime.replicas={replicas}")
        assert done.code == 0, done.err
    assert_equal(place / "one", place / "two")


def test_what_is_frozen_stays_and_all_is_verified(base: Path, said: dict[str, Outcome]) -> None:
    assert (base / "log.txt").read_text().count("frozen variables bit-identical") == 2
    assert said["verify"].code == 0, said["verify"].text


def test_figures_and_masks_are_those_of_pictures_stitched_by_hand(
    place: Path, base: Path, said: dict[str, Outcome]
) -> None:
    assert said["predict"].code == 0, said["predict"].err
    model = keras.saving.load_model(base / "model" / "model.keras", compile=False, safe_mode=True)
    masks = {row["input"].split("/")[-1]: row["mask"] for row in read_rows(place / "out" / "predictions.csv")}
    assert len(masks) == 14
    counts = read_rows(base / "evaluation" / "confusion.csv")
    assert len(counts) == len(read_rows(base / "evaluation" / "predictions.csv")) < 14
    for row in counts:
        name = row["input"].split("/")[-1]
        with Image.open(place / "data" / "images" / name) as image, Image.open(place / "out" / masks[name]) as mask:
            found = stitch(model, np.asarray(image))
            assert np.array_equal(np.asarray(mask), np.where(found == 1, 255, 0))
        with Image.open(place / "data" / "masks" / name) as image:
            true = np.asarray(image)
        for number, value in enumerate((0, 255)):
            for predicted in range(2):
                expected = int(((true == value) & (found == predicted)).sum())
                assert int(row[f"count_{number}_{predicted}"]) == expected


def test_a_run_is_evaluated_by_its_tiles(base: Path, said: dict[str, Outcome]) -> None:
    metrics = json.loads((base / "metrics.json").read_text())
    assert said["evaluate"].code == 0, said["evaluate"].err
    assert said["evaluate"].json["test"] == metrics["test"]
    assert said["other data"].code == 0, said["other data"].err
    assert said["other data"].json["data"]["mean_iou"] > 0.5


def test_refits_and_folds_are_of_tiles_too(place: Path, said: dict[str, Outcome]) -> None:
    for name in ("refit", "folds"):
        assert said[name].code == 0, said[name].err
    splits = [row["split"] for row in read_rows(place / "folds" / "splits.csv")]
    assert len(splits) == 14
    (found,) = (place / "folds").rglob("out_of_fold.csv")
    assert len(read_rows(found)) == splits.count("train")
