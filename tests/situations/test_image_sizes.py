"""Phases of several image sizes with all that a run may be asked besides: masks, solvers, adapters, refits, folds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.training.updates.step import PhaseStep
from tests.support import small_nets, tiny_run
from tests.support.mask_files import IGNORED, write_scenes

pytestmark = pytest.mark.slow


class _Killed(BaseException):
    """The end of a process, as far as a run can tell."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    tiny_run.write_data(tmp_path / "data.npz")
    small_nets.save_net(tmp_path / "net.keras", "residual")
    return tmp_path


def document(*phases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "name": "sizes",
        "seed": 3,
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": "data.npz"},
        "backbone": {"kind": "saved", "path": "net.keras"},
        "defaults": {"batch_size": 10, "epochs": 2, "learning_rate": 0.01},
        "phases": list(phases),
        **changes,
    }


HEAD = {"name": "head", "unfreeze": "none", "image_size": 24}


def test_masks_are_trained_at_the_size_of_the_phase_and_scored_at_that_of_the_model(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_scenes(place / "scenes", 18)
    settings = document(
        {**HEAD, "image_size": [48, 64], "epochs": 3, "cache": "required", "class_weights": "balanced"},
        {"name": "top", "unfreeze": {"last": 1}, "image_size": 96, "augment": "medium", "cutmix": 1.0},
        {"name": "fine", "unfreeze": {"last": 2}, "loss": "cross_entropy_dice"},
        task={"kind": "image_segmentation", "classes": {"0": "background", "255": "cell"}, "ignore": IGNORED},
        data={"kind": "folder", "path": "scenes"},
        backbone={"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 64},
        head={"width": 8, "stride": 8, "dropout": 0.1},
        output={"checkpoint": {"every": {"steps": 2}}},
    )
    base = kt.run(settings, run_dir="base")
    confusion = (base.path / "evaluation/confusion.csv").read_text().splitlines()
    labelled = {sum(map(int, line.split(",")[2:])) for line in confusion[1:]}
    assert max(labelled) <= 64 * 64 and max(labelled) > 48 * 64, "pixels of the model's size are counted"
    assert dict(base.evaluate()) == pytest.approx(dict(base.metrics["test"]), abs=1e-6)
    train, steps = PhaseStep.train, 0

    def count_and_die(step: PhaseStep, *arguments: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps in (5, 11, 14):
            raise _Killed
        return train(step, *arguments)

    monkeypatch.setattr(PhaseStep, "train", count_and_die)
    for _ in range(3):
        with pytest.raises(_Killed):
            kt.run(settings, run_dir="killed")
    killed = kt.run(settings, run_dir="killed")
    assert tiny_run.results(killed.path) == tiny_run.results(base.path)


def test_a_solver_sets_the_head_on_small_images_and_is_measured_on_large_ones(place: Path) -> None:
    phase = {**HEAD, "optimizer": {"name": "lbfgs", "l2": 0.1}, "epochs": 50}
    settings = document(phase, defaults={"batch_size": 10})
    run = kt.run(settings, run_dir="solved")
    result = json.loads((run.path / "phases/00-head/result.json").read_text())
    assert result["stopped"] == "converged"
    # The row of the history that the compiled step measured is what the final evaluation finds.
    assert result["best"]["validation_loss"] == pytest.approx(run.metrics["validation"]["loss"], abs=1e-6)


def test_adapters_unknown_inputs_and_a_refit(place: Path) -> None:
    settings = document(
        {**HEAD, "augment": {"preset": "light", "views": 2}, "epochs": 4},
        {"name": "adapters", "unfreeze": {"last": 1}, "image_size": 40, "lora": {"rank": 2, "targets": ["*"]}},
        task={"kind": "image_classification", "classes": ["0", "1"], "unknown": 0.9},
        refit=True,
    )
    run = kt.run(settings, run_dir="refitted")
    assert len(list((run.path / "refit").glob("*/best.safetensors"))) == 2
    off = kt.run({**settings, "runtime": {"cache": "off"}}, run_dir="off")
    assert tiny_run.results(off.path) == tiny_run.results(run.path)
    assert run.predict(np.zeros((2, 32, 32, 3), np.uint8)) is not None


def test_a_batch_in_pieces_gives_the_whole_one(place: Path) -> None:
    top = {"name": "top", "unfreeze": {"last": 2}, "image_size": 24}
    runs = [
        kt.run(document(HEAD, {**top, "accumulate": accumulate}), run_dir=f"run-{accumulate}")
        for accumulate in (1, "auto")
    ]
    assert tiny_run.results(runs[0].path)["weights"] == tiny_run.results(runs[1].path)["weights"]


def test_the_best_size_of_a_search_gives_as_a_run_what_its_trial_gave(place: Path) -> None:
    settings = document(HEAD, {"name": "top", "unfreeze": {"last": 1}, "epochs": 1})
    space = {"phases.head.image_size": [24, 32, 40]}
    found = kt.search(settings, space, trials=3, sampler="grid", run_dir="search", prune=False)
    assert found.best is not None and found.best_config is not None
    run = kt.run(found.best_config, run_dir="best")
    rows = [float(row["validation_loss"]) for row in tiny_run.history(run.path) if row["phase"] == "top"]
    assert min(rows) == found.best.value
    sizes = {record.values["phases.head.image_size"]: record.value for record in found.trials}
    assert sorted(sizes) == [24, 32, 40] and len(set(sizes.values())) == 3


def test_folds_train_on_small_images_and_are_measured_at_the_size_of_the_model(place: Path) -> None:
    found = kt.crossvalidate(document(HEAD), folds=2, run_dir="folds")
    assert len(found.folds) == 2
    assert found.evaluate().keys() == found.metrics["test"].keys()
