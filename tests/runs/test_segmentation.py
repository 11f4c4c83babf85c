"""Segmentation keeps every promise of the engine: whole runs on folders and tables of images with masks."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from tests.support import small_nets
from tests.support.mask_files import IGNORED, write_scenes
from tests.support.processes import Outcome, run_commands, run_named, run_program, stop_program
from tests.support.same_runs import assert_equal
from tests.support.tiny_run import results

SIZE = 64
VALUES = {"background": 0, "cell": 255}
COMMAND = ("run", "cells.json", "--run-dir")
COUNTS = [f"count_{true}_{predicted}" for true in range(2) for predicted in range(2)]


def document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "cells",
        "seed": 3,
        "task": {"kind": "image_segmentation", "classes": {"0": "background", "255": "cell"}, "ignore": IGNORED},
        "data": {"kind": "folder", "path": "data"},
        "backbone": {"kind": "saved", "path": "net.keras"},
        "head": {"width": 8, "stride": 8, "dropout": 0.1},
        "defaults": {"batch_size": 6},
        "phases": [
            {"name": "head", "unfreeze": "none", "epochs": 12, "learning_rate": 0.03},
            {"name": "top", "unfreeze": {"last": 2}, "epochs": 2, "learning_rate": 0.001},
        ],
        "runtime": {"cache": "required"},
        "output": {"checkpoint": {"every": {"steps": 2}}},
        **changes,
    }


def views_document() -> dict[str, Any]:
    """Three classes of a table, two views of each image in turn, and a phase whose classes weigh by their pixels."""
    augment = {"preset": "none", "flip": "both", "views": 2}
    phase = {"name": "top", "unfreeze": {"last": 1}, "epochs": 3, "learning_rate": 0.01, "augment": augment}
    return document(
        task={
            "kind": "image_segmentation",
            "classes": {"0": "background", "255": "bright", "128": "dark"},
            "ignore": IGNORED,
            "metrics": ["boundary_f1"],
        },
        data={"kind": "table", "path": "three/table.csv", "input": "photo", "label": "truth", "resize": "pad"},
        head={"decoder": "fpn", "width": 8, "stride": 8},
        phases=[{**phase, "class_weights": "balanced", "loss": "cross_entropy_dice", "mixup": 0.5, "cutmix": 1.0}],
        output={"examples": False},
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, configurations and, later, runs."""
    made = tmp_path_factory.mktemp("segmentation")
    write_scenes(made / "data", 18)
    write_scenes(made / "other", 4, first=40)
    write_scenes(made / "three", 14, has_two=True)
    small_nets.save_net(made / "net.keras", "residual", size=SIZE)
    (made / "cells.json").write_text(json.dumps(document()))
    (made / "views.json").write_text(json.dumps(views_document()))
    return made


@pytest.fixture(scope="module")
def said(place: Path) -> dict[str, Outcome]:
    """What commands leave that are given one after another; the first trains base."""
    template = ("--set", "data.label=masks/{id}.png", "--set", "data.input=images/{id}.png")
    masks = ("data/masks/04.png", "data/masks/01.png")
    words = {
        "run": (*COMMAND, "base"),
        "plan": ("plan", "cells.json", "--set", "head.stride=null"),
        "plan of pixels": ("plan", "views.json", *template, "--json"),
        "evaluate": ("evaluate", "base", "--json"),
        "other data": ("evaluate", "base", "--data", "other", "--json"),
        "predict": ("predict", "base", "other/images", "data/images/01.png", "--output", "out"),
        "predict a mask": ("predict", "base", *masks, "data/images/01.png", "--output", "out2"),
        "predict nowhere": ("predict", "base", "data/images"),
        "verify": ("verify", "base"),
        "report": ("report", "base", "--json"),
        "begun": (*COMMAND, "off", "--set", "runtime.cache=off", "--until-phase", "head"),
        "off": (*COMMAND, "off", "--set", "runtime.cache=off"),
    }
    return run_named(place, words)


@pytest.fixture(scope="module")
def views(place: Path, said: dict[str, Outcome]) -> Outcome:
    return run_program(place, "run", "views.json", "--run-dir", "views")


@pytest.fixture(scope="module")
def base(place: Path, said: dict[str, Outcome]) -> Path:
    assert said["run"].code == 0, said["run"].err
    return place / "base"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def metrics(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "metrics.json").read_text())
    return found


def stretched(length: int) -> np.ndarray:
    """Return the pixels of a side nearest to those of the model's."""
    return (2 * np.arange(SIZE) + 1) * length // (2 * SIZE)


def restored(length: int) -> np.ndarray:
    """Return the model's pixels nearest to those of a side."""
    return (2 * np.arange(length) + 1) * SIZE // (2 * length)


@pytest.fixture(scope="module")
def by_keras(place: Path, base: Path) -> dict[str, np.ndarray]:
    """What plain Keras gives for every image, fed as preprocessing.json says: class numbers at the model's size."""
    about = json.loads((base / "model" / "preprocessing.json").read_text())
    assert about["input"] == "decoded RGB image, 0 to 255, any size"
    assert about["resize"]["how"] == "stretch"
    assert json.loads((base / "model" / "labels.json").read_text()) == list(VALUES)
    model = keras.saving.load_model(base / "model" / "model.keras", compile=False, safe_mode=True)
    measured = [f"data/{row['input']}" for row in rows(base / "evaluation" / "confusion.csv")]
    others = [path.relative_to(place).as_posix() for path in place.glob("other/images/*.png")]
    found = {}
    for name in {*measured, *others, "data/images/01.png"}:
        image = pixels(place / name)
        found[name] = np.asarray(model(np.float32(image[np.newaxis])))[0].argmax(-1)
    return found


def test_the_plan_names_endpoints_and_shares_of_pixels(said: dict[str, Outcome]) -> None:
    assert "unet on the backbone's stride2, stride4, stride8, stride16" in " ".join(said["plan"].out.split())
    assert said["plan of pixels"].code == 0, said["plan of pixels"].err
    plan = said["plan of pixels"].json
    assert list(plan["backbone"]["endpoints"]) == ["stride8", "stride16"]
    assert any(note.startswith("pixels of the train masks: background ") for note in plan["data"]["notes"])


def test_learns_and_keeps_what_is_frozen(base: Path) -> None:
    found = metrics(base)["test"]
    constant = json.loads((base / "evaluation" / "constant.json").read_text())
    assert found["mean_iou"] > constant["test"]["mean_iou"] + 0.1
    assert found["dice"] > 0.3
    log = (base / "log.txt").read_text()
    assert log.count("frozen variables bit-identical") == 2


def test_neither_stores_nor_a_stop_change_anything(place: Path, base: Path, said: dict[str, Outcome]) -> None:
    assert said["begun"].code == 0, said["begun"].err
    assert said["off"].code == 0, said["off"].err
    assert "stored features of 18 examples" in said["run"].err
    assert "stored features" not in said["off"].err
    assert results(place / "off") == results(base)


# That targets of views are those of their inputs is in tests/input/test_targets.py.
@pytest.mark.slow
def test_masks_follow_stored_views(place: Path, views: Outcome) -> None:
    computed = run_program(place, "run", "views.json", "--run-dir", "views-off", "--set", "runtime.cache=off")
    for done in (views, computed):
        assert done.code == 0, done.err
    assert "stored features" in views.err
    assert results(place / "views") == results(place / "views-off")


@pytest.mark.slow
def test_two_replicas_equal_one(place: Path, views: Outcome) -> None:
    assert views.code == 0, views.err
    done = run_program(place, "run", "views.json", "--run-dir", "two", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    assert_equal(place / "views", place / "two", of_weights=5e-5)


@pytest.mark.slow
def test_stopped_within_a_phase_it_ends_the_same(place: Path, base: Path) -> None:
    begun = place / "stopped" / "phases/01-top/checkpoint/000000002.safetensors"
    assert stop_program(place, signal.SIGTERM, begun, *COMMAND, "stopped").code == 75
    done = run_program(place, *COMMAND, "stopped")
    assert done.code == 0, done.err
    assert results(place / "stopped") == results(base)


def test_metrics_are_those_of_a_loop_over_pixels(place: Path, base: Path, by_keras: dict[str, np.ndarray]) -> None:
    total: dict[str, np.ndarray] = {}
    for row in rows(base / "evaluation" / "confusion.csv"):
        mask = pixels(place / "data" / row["input"].replace("images", "masks"))
        mask = mask[np.ix_(*map(stretched, mask.shape))]
        counts = np.zeros((2, 2), np.int64)
        for true, predicted in zip(mask.ravel(), by_keras[f"data/{row['input']}"].ravel(), strict=True):
            if true != IGNORED:
                counts[int(true == 255), predicted] += 1
        assert [int(row[name]) for name in COUNTS] == counts.ravel().tolist(), row["input"]
        total[row["split"]] = total.get(row["split"], 0) + counts
    for split, counts in total.items():
        (a, b), (c, d) = counts.tolist()
        expected = {
            "mean_iou": (a / (a + b + c) + d / (b + c + d)) / 2,
            "dice": 2 * d / (2 * d + b + c),
            "accuracy": (a + d) / (a + b + c + d),
        }
        assert {name: metrics(base)[split][name] for name in expected} == pytest.approx(expected, abs=1e-12)
        cell = {"iou": d / (b + c + d), "dice": expected["dice"], "precision": d / (b + d), "recall": d / (c + d)}
        found = metrics(base)["classes"][split]["cell"]
        assert {name: found[name] for name in cell} == pytest.approx(cell, abs=1e-12)
        assert 0 < found["examples"] <= metrics(base)["examples"][split]


def test_evaluate_gives_the_same_figures_and_those_of_other_data(
    place: Path, base: Path, said: dict[str, Outcome], by_keras: dict[str, np.ndarray]
) -> None:
    assert said["evaluate"].code == 0, said["evaluate"].err
    assert said["evaluate"].json["test"] == metrics(base)["test"]
    assert said["evaluate"].json["intervals"] == metrics(base)["intervals"]
    assert said["other data"].code == 0, said["other data"].err
    right = labelled = 0
    for path, predicted in by_keras.items():
        if path.startswith("other"):
            mask = pixels(place / path.replace("images", "masks"))
            mask = mask[np.ix_(*map(stretched, mask.shape))]
            right += int((((mask == 255) == predicted) & (mask != IGNORED)).sum())
            labelled += int((mask != IGNORED).sum())
    assert said["other data"].json["other"]["accuracy"] == pytest.approx(right / labelled, abs=1e-12)


def test_predicted_masks_have_the_size_and_the_values_of_the_data(
    place: Path, said: dict[str, Outcome], by_keras: dict[str, np.ndarray]
) -> None:
    assert said["predict"].code == 0, said["predict"].err
    table = rows(place / "out" / "predictions.csv")
    assert len(table) == 5
    assert {path.name for path in (place / "out").glob("*.png")} == {row["mask"] for row in table}
    for row in table:
        with Image.open(place / "out" / row["mask"]) as image:
            assert image.mode == "P"
            palette = np.array(image.getpalette()).reshape(-1, 3)
            mask = np.asarray(image)
        assert palette[0].tolist() != palette[255].tolist()
        assert mask.shape == pixels(place / row["input"]).shape[:2]
        expected = by_keras[row["input"]][np.ix_(*map(restored, mask.shape))]
        assert np.array_equal(mask, np.where(expected == 1, 255, 0)), row["input"]
        assert float(row["share_cell"]) == pytest.approx(expected.mean(), abs=1e-12)


def test_predict_names_a_mask_that_is_given_as_a_picture(place: Path, said: dict[str, Outcome]) -> None:
    assert "1 of 3 inputs has odd values: 0, 255 alone, like the masks of the run" in said["predict a mask"].err
    first, second, third = rows(place / "out2" / "predictions.csv")
    assert first["error"].startswith("has the values 0, 7, 255 alone, which are those of the run's masks; give the")
    assert not first["mask"]
    assert second["mask"]
    assert third["mask"]


def test_predict_needs_a_folder(said: dict[str, Outcome]) -> None:
    assert said["predict nowhere"].code == 2
    assert "--output: predictions of this run are masks; name the folder" in said["predict nowhere"].err
    assert "Traceback" not in said["predict nowhere"].text


def test_verify_finds_another_count_and_another_figure(place: Path, base: Path, said: dict[str, Outcome]) -> None:
    assert said["verify"].code == 0, said["verify"].text
    changes = {"evaluation/confusion.csv": r"(test,.*,)(\d+)$", "metrics.json": r'("dice": 0\.)(\d+)'}
    for number, (file, pattern) in enumerate(changes.items()):
        shutil.copytree(base, place / f"other-{number}")
        text = (base / file).read_text()
        changed = re.sub(pattern, lambda found: f"{found[1]}{int(found[2]) + 1}", text, count=1, flags=re.MULTILINE)
        assert changed != text
        (place / f"other-{number}" / file).write_text(changed)
    found = run_commands(place, [("verify", f"other-{number}") for number in range(len(changes))])
    for outcome, file in zip(found, changes, strict=True):
        assert outcome.code == 5, outcome.text
        assert file in outcome.text
        assert "Traceback" not in outcome.text


def test_the_report_shows_examples_and_classes(base: Path, said: dict[str, Outcome]) -> None:
    page = (base / "report" / "index.html").read_text()
    examples = json.loads((base / "evaluation" / "examples.json").read_text())
    assert len(examples) == 3
    assert page.count("data:image/png;base64,") == 4 * len(examples)
    for entry in examples:
        assert entry["input"] in page
        assert list(entry["panels"]) == ["picture", "labelled", "predicted", "difference"]
        for file in entry["panels"].values():
            assert pixels(base / "evaluation" / "examples" / file).shape == (SIZE, SIZE, 3)
    assert "Class by class" in page
    assert [row["class"] for row in said["report"].json["classes"]] == list(VALUES)


# That `output.examples: false` removes examples of any kind is in tests/runs/test_run_commands.py.
@pytest.mark.slow
def test_without_examples_no_picture_and_no_name_is_kept(place: Path, views: Outcome) -> None:
    assert views.code == 0
    run = place / "views"
    assert not (run / "evaluation" / "examples.json").exists()
    assert not list(run.rglob("*.png"))
    page = (run / "report" / "index.html").read_text()
    assert "<img" not in page
    assert "Class by class" in page
    for number in range(14):
        assert f"{number:02d}.png" not in page


# That weights count the pixels of the training masks is in tests/data/labels/test_masks.py.
@pytest.mark.slow
def test_balanced_weights_count_pixels(place: Path, said: dict[str, Outcome], views: Outcome) -> None:
    assert views.code == 0, views.err
    train = [row["input"] for row in rows(place / "views" / "splits.csv") if row["split"] == "train"]
    masks = [pixels(place / "three" / name.replace("images", "masks")) for name in train]
    counts = np.array([sum(int((mask == value).sum()) for mask in masks) for value in (0, 255, 128)])
    plan = said["plan of pixels"].json
    expected = counts.sum() / (3 * counts)
    names = ("background", "bright", "dark")
    assert plan["phases"][0]["class_weights"] == pytest.approx(dict(zip(names, expected, strict=True)))


@pytest.mark.slow
def test_the_strides_of_a_run_stay_whatever_the_budget_is_later(place: Path) -> None:
    head = {"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.01}
    short = document(head={"width": 8}, phases=[head, {**head, "name": "more"}], runtime={})
    (place / "strides.json").write_text(json.dumps(short))
    run, tight = ("run", "strides.json", "--run-dir", "strides"), ("--set", "runtime.cache_budget=100kB")
    words = [(*run, "--until-phase", "head"), (*run, *tight), ("plan", "strides.json", "--json", *tight)]
    begun, ended, fresh = run_commands(place, words)
    assert (begun.code, ended.code, fresh.code) == (0, 0, 0), ended.err
    strides = list(json.loads((place / "strides" / "plan.json").read_text())["backbone"]["endpoints"])
    assert strides[0] == "stride2"
    assert list(json.loads(fresh.out)["backbone"]["endpoints"]) == strides[1:]
