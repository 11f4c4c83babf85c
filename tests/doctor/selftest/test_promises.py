from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from kerastune_ft.doctor.selftest import promises
from kerastune_ft.doctor.selftest.promises import BROKEN, EXACT, HOLDS, NOT_TRIED, ROUNDING, Bounds
from kerastune_ft.doctor.selftest.samples import SAMPLES, TRAINED
from tests.support.compared_weights import write_run

IMAGES, BOUNDS = SAMPLES[0], Bounds(EXACT, ROUNDING)


def make_run(folder: Path, name: str) -> Path:
    run = write_run(folder / f"images-{name}")
    (run / "metrics.json").write_text("{}")
    (run / "plan.json").write_text(json.dumps({"cache": {"stores": [{"id": "x"}]}}))
    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("reference", "unstored", "killed", "again", "many"):
        make_run(tmp_path, name)
    return tmp_path


def shift(folder: Path, name: str, by: float) -> None:
    path = folder / f"images-{name}/phases/00-head/best.safetensors"
    save_file({key: value + np.float32(by) for key, value in load_file(path).items()}, path)


JUDGES = {"unstored": promises.judge_store, "again": promises.judge_again}


@pytest.mark.parametrize("name", JUDGES)
def test_equal_runs_hold_and_the_last_digit_breaks(folder: Path, name: str) -> None:
    assert JUDGES[name](folder, IMAGES, BOUNDS).verdict == HOLDS
    shift(folder, name, 1e-6)
    row = JUDGES[name](folder, IMAGES, BOUNDS)
    assert row.verdict == BROKEN and row.difference == pytest.approx(1e-6, rel=0.1) and "weights" in row.detail


def test_a_run_that_failed_breaks_the_promise_with_its_reason(folder: Path) -> None:
    (folder / "images-unstored-outcome.json").write_text(json.dumps({"error": "1 frozen variable changed"}))
    row = promises.judge_store(folder, IMAGES, BOUNDS)
    assert (row.verdict, row.detail) == (BROKEN, "1 frozen variable changed")
    (folder / "images-again/metrics.json").unlink()
    assert "has no results" in promises.judge_again(folder, IMAGES, BOUNDS).detail


def test_where_nothing_is_stored_nothing_is_proven(folder: Path) -> None:
    (folder / "images-reference/plan.json").write_text(json.dumps({"cache": {"stores": []}}))
    assert promises.judge_store(folder, IMAGES, BOUNDS).verdict == NOT_TRIED


def test_a_run_that_began_anew_did_not_go_on(folder: Path) -> None:
    for begun, verdict in (({TRAINED: 4}, HOLDS), ({TRAINED: 0}, BROKEN), ({}, BROKEN)):
        (folder / "images-killed-outcome.json").write_text(json.dumps({"begun": begun}))
        assert promises.judge_resume(folder, IMAGES, BOUNDS).verdict == verdict


def test_devices_may_differ_by_rounding_alone(folder: Path) -> None:
    shift(folder, "many", 1e-5)
    assert promises.judge_replicas(folder, IMAGES, BOUNDS, "reference", "many", "2 CPUs").verdict == HOLDS
    shift(folder, "many", 1e-3)
    assert promises.judge_replicas(folder, IMAGES, BOUNDS, "reference", "many", "2 CPUs").verdict == BROKEN


def test_a_model_that_answers_otherwise_or_cannot_be_opened_breaks(folder: Path) -> None:
    assert "could not be opened" in promises.judge_saved_model(folder, IMAGES, BOUNDS).detail
    for answer, verdict in ((0.25, HOLDS), (0.2502, BROKEN)):
        np.savez(folder / "images-reference-answers.npz", answers=np.array([[answer, 1 - answer]]))
        assert promises.judge_saved_model(folder, IMAGES, BOUNDS).verdict == verdict


def test_what_verify_finds_breaks_the_frozen_proof(folder: Path) -> None:
    (folder / "images-reference/manifest.json").write_text("{}")
    row = promises.judge_freezing(folder, IMAGES, BOUNDS)
    assert row.verdict == BROKEN and row.compared == "all that verify checks" and row.promise == "frozen stays frozen"
