"""The refit: the phases again on training and validation examples together, for the epochs that validation chose."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import kerastune_ft
from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import Interrupted
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.refit import write_refit_plan
from kerastune_ft.training.run_directory.resume import RunStart
from kerastune_ft.training.watch import Watcher
from kerastune_ft.verification.verify import verify
from tests.support.plain_net import describe_parts, write_parts
from tests.support.tiny_run import results


def document(folder: Path, **more: Any) -> dict[str, Any]:
    """A head phase on stored features, then the last units, which go on with its moments."""
    rate = {"peak": 0.01, "shape": "cosine", "warmup": 0.2}
    return {
        **describe_parts(folder, "again"),
        "defaults": {"batch_size": 10, "epochs": 4},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": rate, "cache": "required"},
            {
                "name": "top",
                "unfreeze": {"last": 1},
                "learning_rate": 0.03,
                "steps": 12,
                "carry_optimizer": True,
            },
        ],
        "refit": True,
        "output": {"checkpoint": {"every": {"steps": 1}}, "directory": str(folder / "runs")},
        **more,
    }


class Stopper(Watcher):
    """Asks for a stop after so many steps of a refit, and keeps what the run says."""

    def __init__(self, stop: StopRequest, steps: int) -> None:
        self._stop, self._left, self._is_refit = stop, steps, False
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def phase_started(self, phase: Any, done_steps: int) -> None:
        self._is_refit = "refit" in phase

    def epoch_done(self, row: Any, is_best: bool) -> None:
        if self._is_refit:
            self._left -= 1
            if self._left == 0:
                self._stop.ask("asked")


def execute(folder: Path, run: str, settings: dict[str, Any], epochs: int = 0) -> Stopper:
    """Train in a directory, stopped after the first step that follows so many epochs of the refit."""
    config = read(settings)
    stop = StopRequest()
    watch = Stopper(stop, epochs)
    target = RunDirectory(folder / run)
    engine.execute(RunStart(target, "new"), config, config_hash(config), watch, stop, None)
    target.update_manifest(state="done", exit_code=0)
    return watch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_parts(tmp_path_factory.mktemp("refit"))


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[Path, Stopper]:
    watch = execute(folder, "whole", document(folder))
    return folder / "whole", watch


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def refit_files(run: Path) -> dict[str, Any]:
    found = {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.glob("refit/*/best.safetensors"))}
    rows = [
        {key: cell for key, cell in row.items() if key != "seconds"} for row in read_rows(run / "refit/history.csv")
    ]
    return {**found, "history": rows, "first": (run / "refit/first.json").read_text()}


def test_every_phase_trains_the_epochs_that_were_best_on_all_examples(whole: tuple[Path, Stopper]) -> None:
    run, watch = whole
    manifest = json.loads((run / "manifest.json").read_text())
    rows, first = read_rows(run / "refit/history.csv"), read_rows(run / "history.csv")
    assert [one["name"] for one in manifest["refit"]] == ["head", "top"]
    for before, again in zip(manifest["phases"], manifest["refit"], strict=True):
        assert again["best_epoch"] == before["best_epoch"]
        # The second phase goes on with the moments of the first's last step, whichever epoch was its best.
        wanted = before["epochs"] if before["name"] == "head" else before["best_epoch"]
        assert again["epochs"] == wanted
        assert again["frozen"]["variables"] == before["frozen"]["variables"]
    splits = read_rows(run / "splits.csv")
    sizes = {split: sum(row["split"] == split for row in splits) for split in ("train", "validation", "test")}
    together = sizes["train"] + sizes["validation"]
    steps = {row["phase"]: int(row["step"]) for row in rows if row["epoch"] == "1"}
    assert steps["head"] == -(-together // 10) > -(-sizes["train"] // 10)
    # A maximum of 12 steps grows by the same factor as the steps of an epoch: from 5 to 6 in an epoch.
    assert json.loads((run / "refit/plan.json").read_text())["phases"][1]["refit"]["rate_steps"] == round(12 * 6 / 5)
    assert all(row["validation_loss"] == "" for row in rows) and all(row["validation_loss"] for row in first)
    assert f"on {together} training and validation examples together" in " ".join(watch.notes)
    # What stays frozen was read, and not computed again.
    begun = next(place for place, note in enumerate(watch.notes) if note.startswith("refit:"))
    assert [note for note in watch.notes[begun:] if "features" in note] == [
        "features of 60 examples were stored before",
        "features of 70 examples were stored before",
    ]


def test_rates_are_those_of_the_phase_up_to_its_best_epoch(whole: tuple[Path, Stopper]) -> None:
    run, _ = whole
    head = [row for row in read_rows(run / "refit/history.csv") if row["phase"] == "head"]
    steps = 4 * 6
    warmup = round(0.2 * steps)
    for row in head:
        place = int(row["step"]) - 1
        falling = (1 + np.cos(np.pi * (place - warmup) / (steps - warmup))) / 2
        rate = 0.01 * ((place + 1) / (warmup + 1) if place < warmup else falling)
        assert float(row["learning_rate"]) == pytest.approx(rate, rel=1e-5)


def test_figures_of_validation_are_of_the_first_model_and_those_of_test_of_both(whole: tuple[Path, Stopper]) -> None:
    run, _ = whole
    metrics, first = (json.loads((run / name).read_text()) for name in ("metrics.json", "refit/first.json"))
    best = json.loads((run / "manifest.json").read_text())["phases"][-1]["best"]
    assert metrics["validation"]["loss"] == pytest.approx(best["validation_loss"], rel=1e-5)
    assert metrics["test"]["loss"] != first["metrics"]["test"]["loss"]
    rows = [row for row in read_rows(run / "evaluation/predictions.csv") if row["split"] == "test"]
    before = read_rows(run / "refit/first_predictions.csv")
    for given, found in ((rows, metrics["test"]), (before, first["metrics"]["test"])):
        right = [float(row[f"probability_{row['label']}"]) for row in given]
        assert found["loss"] == pytest.approx(-np.mean(np.log(right)), rel=1e-4)
        assert len(given) == metrics["examples"]["test"]
    for name in ("model/calibration.json", "evaluation/reliability.json"):
        assert json.loads((run / name).read_text())["chosen_by"] == "the model before the refit"
    # The model is the refitted one.
    again = kerastune_ft.evaluate(run)
    assert again["loss"] == pytest.approx(metrics["test"]["loss"], rel=1e-6)
    report = verify(run)
    assert report.holds, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [1, 5])
def test_a_refit_goes_on_where_it_was_stopped(whole: tuple[Path, Stopper], folder: Path, epochs: int) -> None:
    run, _ = whole
    with pytest.raises(Interrupted):
        execute(folder, f"stopped-{epochs}", document(folder), epochs)
    execute(folder, f"stopped-{epochs}", document(folder))
    assert results(folder / f"stopped-{epochs}") == results(run)
    assert refit_files(folder / f"stopped-{epochs}") == refit_files(run)


@pytest.mark.slow
def test_a_refit_may_be_added_to_a_finished_run(whole: tuple[Path, Stopper], folder: Path) -> None:
    run, _ = whole
    plain = document(folder)
    del plain["refit"]
    assert (
        config_hash(read(plain)) == config_hash(read({**plain, "refit": False})) != config_hash(read(document(folder)))
    )
    path = folder / "added"
    assert "refit" not in json.loads((kerastune_ft.run(plain, run_dir=path).path / "manifest.json").read_text())
    kerastune_ft.run(document(folder), run_dir=path)
    assert refit_files(path) == refit_files(run)
    assert (path / "metrics.json").read_bytes() == (run / "metrics.json").read_bytes()


def test_of_a_phase_that_changed_nothing_is_left(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    entry = {"name": "head", "steps": 4, "refit": {"best_epoch": 1}}
    kept = {**entry, "name": "first"}
    run.commit_json("refit/plan.json", {"phases": [kept, entry]})
    for folder in ("refit/00-first", "refit/01-head"):
        for name in ("best.safetensors", "diverged-1.csv", "gradient_norms.csv", "checkpoint/000000004.safetensors"):
            run.commit(f"{folder}/{name}", b"")
    run.update_manifest()
    phases: Any = [SimpleNamespace(folder="refit/00-first"), SimpleNamespace(folder="refit/01-head")]
    plan: Any = SimpleNamespace(phases=phases, document={"phases": [kept, {**entry, "steps": 8}]})
    write_refit_plan(run, plan)
    run.update_manifest()
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert [name for name in left if "head" in name] == [] and "refit/00-first/diverged-1.csv" in left
    assert [name for name in (run.manifest() or {})["files"] if "head" in name] == []
