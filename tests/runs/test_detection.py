"""Detection keeps the promises of the engine: whole runs on a folder of pictures with boxes."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from tests.support import small_nets
from tests.support.processes import Outcome, run_named, run_program, stop_program
from tests.support.same_runs import assert_equal
from tests.support.shape_files import write_shapes
from tests.support.tiny_run import history, results

pytestmark = pytest.mark.slow

SIZE = 64
COMMAND = ("run", "shapes.json", "--run-dir")


def document(**changes: Any) -> dict[str, Any]:
    """Stored views of a frozen net, then two units of it on pictures that are turned; batches of unequal boxes."""
    views = {"preset": "none", "flip": "both", "views": 2}
    return {
        "name": "shapes",
        "seed": 3,
        "task": {"kind": "object_detection"},
        "data": {"kind": "folder", "path": "data"},
        "backbone": {"kind": "saved", "path": "net.keras"},
        "head": {"width": 8, "levels": [2, 3], "dropout": 0.1},
        "defaults": {"batch_size": 8},
        "phases": [
            {"name": "head", "unfreeze": "none", "epochs": 6, "learning_rate": 0.01, "augment": views},
            {
                "name": "top",
                "unfreeze": {"last": 2},
                "epochs": 2,
                "learning_rate": 0.001,
                "accumulate": 2,
                "augment": {"preset": "none", "flip": "horizontal", "rotate": 0.05, "zoom": 0.2},
                "class_weights": "balanced",
            },
        ],
        "runtime": {"cache": "auto"},
        "output": {"checkpoint": {"every": {"steps": 2}}},
        **changes,
    }


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("detection")
    write_shapes(made / "data", "voc")
    small_nets.save_net(made / "net.keras", "residual", size=SIZE)
    (made / "shapes.json").write_text(json.dumps(document()))
    return made


@pytest.fixture(scope="module")
def said(place: Path) -> dict[str, Outcome]:
    """What commands leave that are given one after another; the first trains base."""
    words = {
        "run": (*COMMAND, "base"),
        "plan": ("plan", "shapes.json"),
        "pictures": ("plan", "shapes.json", "--pictures", "seen.png"),
        "evaluate": ("evaluate", "base", "--json"),
        "verify": ("verify", "base"),
        "off": (*COMMAND, "off", "--set", "runtime.cache=off"),
        "half": (*COMMAND, "half", "--set", "runtime.precision=mixed_float16"),
        "jumping": ("plan", "shapes.json", "--set", "defaults.monitor=validation_mean_average_precision"),
    }
    return run_named(place, words)


@pytest.fixture(scope="module")
def base(place: Path, said: dict[str, Outcome]) -> Path:
    assert said["run"].code == 0, said["run"].err
    return place / "base"


def test_the_plan_says_levels_places_and_boxes(said: dict[str, Outcome]) -> None:
    words = " ".join(said["plan"].out.split())
    assert "strides 4, 8 (as head.levels says), on maps of" in words
    assert f"{16 * 16 + 8 * 8} places, at most 100 boxes" in words
    assert "no smooth metric" not in words
    assert "validation_mean_average_precision is no smooth metric" in " ".join(said["jumping"].out.split())


def test_learns_and_keeps_what_is_frozen(base: Path) -> None:
    rows = history(base)
    assert float(rows[5]["validation_loss"]) < float(rows[0]["validation_loss"])
    assert "frozen variables bit-identical" in (base / "log.txt").read_text()


def test_stores_change_nothing(place: Path, base: Path, said: dict[str, Outcome]) -> None:
    assert said["off"].code == 0, said["off"].err
    assert results(place / "off") == results(base)


def test_two_replicas_equal_one(place: Path, base: Path) -> None:
    done = run_program(place, *COMMAND, "two", "--set", "runtime.replicas=2")
    assert done.code == 0, done.err
    assert_equal(base, place / "two", of_weights=1e-4)


def test_killed_within_a_phase_it_ends_the_same(place: Path, base: Path) -> None:
    for phase in ("00-head", "01-top"):
        begun = place / "killed" / f"phases/{phase}/checkpoint/000000002.safetensors"
        assert stop_program(place, signal.SIGKILL, begun, *COMMAND, "killed").code == -signal.SIGKILL
    done = run_program(place, *COMMAND, "killed")
    assert done.code == 0, done.err
    assert results(place / "killed") == results(base)


def test_half_precision_trains_as_well(place: Path, base: Path, said: dict[str, Outcome]) -> None:
    assert said["half"].code == 0, said["half"].err
    losses = [float(history(run)[5]["validation_loss"]) for run in (base, place / "half")]
    assert losses[1] == pytest.approx(losses[0], rel=0.2)


def test_evaluate_and_verify_agree(base: Path, said: dict[str, Outcome]) -> None:
    assert said["verify"].code == 0, said["verify"].out
    metrics = json.loads((base / "metrics.json").read_text())["test"]
    assert said["evaluate"].code == 0, said["evaluate"].err
    assert said["evaluate"].json["test"] == pytest.approx(metrics, abs=1e-6)


def test_the_saved_model_answers_in_pixels(place: Path, base: Path) -> None:
    model = keras.saving.load_model(base / "model" / "model.keras", compile=False, safe_mode=True)
    picture = next((place / "data" / "test" / "images").iterdir())
    with Image.open(picture) as opened:
        pixels = np.asarray(opened.convert("RGB"), np.float32)
    doubled = np.repeat(np.repeat(pixels, 2, 0), 2, 1)
    plain, twice = (np.asarray(model(each[np.newaxis]))[0] for each in (pixels, doubled))
    assert plain.shape == (100, 6)
    shown = plain[:, 5] > 0.1
    assert twice[: shown.sum(), :4] == pytest.approx(2 * plain[shown, :4], rel=0.1, abs=4)


def test_pictures_show_boxes(place: Path, said: dict[str, Outcome]) -> None:
    assert said["pictures"].code == 0, said["pictures"].err
    with Image.open(place / "seen.png") as sheet:
        assert sheet.size[0] > SIZE
