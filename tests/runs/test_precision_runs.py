"""Runs in half precision: near those in float32, resumed without a trace, measured and exported in float32."""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf
from safetensors.numpy import load_file

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild.precision import FLOAT16, FLOAT32
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.checkpoint import unpack
from kerastune_ft.training.comparison import check_same
from kerastune_ft.training.devices.devices import Devices
from tests.support.processes import Outcome, run_commands, run_named, run_program
from tests.support.tiny_run import history, results

HALF = ("--set", "runtime.precision=mixed_float16")


# Of losses about 1: float16 has three digits, bfloat16 two.
NEAR = {"float16": 0.02, "bfloat16": 0.06}


@pytest.fixture(scope="module")
def done(folder: Path) -> dict[str, Outcome]:
    """What commands on a float16 run leave."""
    words = {
        "half": ("run", "small.json", "--run-dir", "half", *HALF),
        "evaluate": ("evaluate", "half", "--json"),
        "predict": ("predict", "half", "data.npz", "--json"),
        "auto": ("plan", "small.json", "--json", "--set", "runtime.precision=auto"),
    }
    found = run_named(folder, words)
    assert found["half"].code == 0, found["half"].err
    return found


def _near(one: Path, other: Path, tolerance: float) -> None:
    for first, second in zip(history(one), history(other), strict=True):
        assert first.keys() == second.keys()
        for key in ("train_loss", "validation_loss"):
            assert float(second[key]) == pytest.approx(float(first[key]), abs=tolerance), (first["phase"], key)


def test_the_first_lines_and_the_plan_say_it(done: dict[str, Outcome], folder: Path) -> None:
    assert done["half"].err.splitlines()[0] == "run half (new) on CPU (no GPU found) in mixed_float16"
    plan = json.loads((folder / "half/plan.json").read_text())
    manifest = json.loads((folder / "half/manifest.json").read_text())
    assert plan["devices"]["precision"] == manifest["devices"]["precision"] == FLOAT16
    assert plan["phases"][1]["cut"][0]["dtype"] == "float16"
    assert "the final metrics, predictions and model.keras are of the trained weights in float32" in done["half"].err


def test_auto_on_a_cpu_is_float32(done: dict[str, Outcome]) -> None:
    devices = done["auto"].json["devices"]
    assert (devices["precision"], devices["precision_reason"]) == (FLOAT32, "auto: a CPU")
    assert not any("float32" in note for note in done["auto"].json["notes"])


def test_float16_trains_as_float32_does(done: dict[str, Outcome], folder: Path, small_base: Path) -> None:
    _near(small_base, folder / "half", NEAR["float16"])
    weights = load_file(folder / "half/phases/01-top/best.safetensors")
    assert {str(value.dtype) for value in weights.values()} == {"float32"}
    assert weights.keys() == load_file(small_base / "phases/01-top/best.safetensors").keys()


def test_what_is_exported_is_float32_and_what_was_measured(done: dict[str, Outcome], folder: Path) -> None:
    with zipfile.ZipFile(folder / "half/model/model.keras") as archive:
        assert b"float16" not in archive.read("config.json")
    metrics = json.loads((folder / "half/metrics.json").read_text())
    assert done["evaluate"].json["test"] == pytest.approx(metrics["test"], abs=1e-6)
    predicted = {row["input"]: row for row in done["predict"].json}
    with open(folder / "half/evaluation/predictions.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 10
    for row in rows:
        found = next(value for name, value in predicted.items() if name.endswith(row["input"].removeprefix("x")))
        assert float(found["probability_1"]) == pytest.approx(float(row["probability_1"]), abs=1e-5)


def _scale(run: Path) -> dict[str, Any]:
    newest = sorted((run / "phases/01-top/checkpoint").glob("*.safetensors"))[-1]
    return unpack(newest.read_bytes())[1]["state"]["loss_scale"]


# That runs go on is in test_resume.py, and restoring the scale of the loss in tests/training/updates.
@pytest.mark.slow
def test_a_resumed_run_is_the_same_to_the_last_bit(done: dict[str, Outcome], folder: Path) -> None:
    split = ("run", "small.json", "--run-dir", "parts", *HALF)
    stopped, resumed = run_commands(folder, [(*split, "--stop-after", "0.1s"), split])
    assert (stopped.code, resumed.code) == (75, 0), resumed.err
    assert "nothing is lost" in stopped.err
    assert results(folder / "parts") == results(folder / "half")
    assert _scale(folder / "parts") == _scale(folder / "half")
    assert _scale(folder / "half") == {"scale": 2.0**15, "good": 6, "skipped": 0}
    assert json.loads((folder / "half/phases/01-top/result.json").read_text())["skipped_steps"] == 0


def test_another_device_with_another_precision_is_refused(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    devices = Devices("none", tf.distribute.get_strategy(), ("CPU",), "", True)
    run.update_manifest(devices=replace(devices, precision=FLOAT16).to_json())
    here = replace(devices, precision=FLOAT32, precision_reason="auto: a CPU")
    session: Any = SimpleNamespace(devices=here, source=SimpleNamespace(info=SimpleNamespace(fingerprint="")))
    with pytest.raises(
        ConfigError, match=r"run began in mixed_float16, and .* gives float32 here \(auto: a CPU\); go on"
    ):
        check_same(run, session)


@pytest.mark.slow
def test_gradients_that_no_scale_helps_are_a_diverged_run(folder: Path) -> None:
    changes = {
        "runtime.precision": "mixed_float16", "phases.head.learning_rate": "1e30", "phases.head.optimizer": "sgd",
        "phases.head.unfreeze": '{"last": 1}', "phases.head.batch_size": "2",
    }  # fmt: skip
    words = [word for path, value in changes.items() for word in ("--set", f"{path}={value}")]
    ended = run_program(folder, "run", "small.json", "--run-dir", "hopeless", *words)
    assert ended.code == 4
    assert "whatever the loss is scaled by" in ended.err
    assert 'give "precision": "mixed_bfloat16"' in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_two_replicas_are_near_one(folder: Path, small_base: Path, kind: str) -> None:
    runs = []
    for replicas in (1, 2):
        name = f"{kind}-{replicas}"
        settings = ("--set", f"runtime.precision=mixed_{kind}", "--set", f"runtime.replicas={replicas}")
        ended = run_program(folder, "run", "small.json", "--run-dir", name, *settings)
        assert ended.code == 0, ended.err
        _near(small_base, folder / name, NEAR[kind])
        runs.append(folder / name)
    # Halves of a batch are added up in the gradients' half precision, so the tolerance is its own.
    _near(*runs, NEAR[kind])
