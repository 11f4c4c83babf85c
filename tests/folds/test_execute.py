"""Going on after a kill, adding nothing to what is finished, and what other commands may not do in it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft
from kerastune_ft.api.folds import CrossValidation
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.folds.execute import FoldOptions
from tests.support.processes import run_program, stop_program


def whole(run: Path) -> dict[str, Any]:
    names = ("metrics.json", "out_of_fold.csv", "evaluation/predictions.csv", "splits.csv")
    weights = {
        str(each.relative_to(run)): each.read_bytes() for each in sorted(run.glob("folds/*/phases/*/*.safetensors"))
    }
    return {**weights, **{name: (run / name).read_bytes() for name in names}}


def test_the_same_call_returns_what_is_finished(crossvalidated: CrossValidation, fold_document: dict[str, Any]) -> None:
    before = (crossvalidated.path / "metrics.json").stat().st_mtime_ns
    again = kerastune_ft.crossvalidate(fold_document, folds=2)
    assert again.path == crossvalidated.path
    assert (again.path / "metrics.json").stat().st_mtime_ns == before


def test_a_run_does_not_go_on_in_a_cross_validation(
    crossvalidated: CrossValidation, fold_document: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="made by `crossvalidate` and not by `run`"):
        kerastune_ft.run(fold_document, run_dir=crossvalidated.path)
    with pytest.raises(ConfigError, match="is an ensemble"):
        backbone = {"kind": "run", "path": str(crossvalidated.path)}
        kerastune_ft.plan({**fold_document, "backbone": backbone})


def test_numbers_of_folds_and_seeds_are_other_cross_validations(fold_document: dict[str, Any]) -> None:
    config = read(fold_document)
    hashes = {FoldOptions(folds, seeds).hash(config) for folds in (2, 3) for seeds in (1, 2)}
    assert len(hashes) == 4


@pytest.mark.slow
def test_killed_in_a_fold_and_between_two(fold_document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "cells.json").write_text(json.dumps(fold_document))
    command = ("crossvalidate", "cells.json", "--folds", "3", "--seeds", "2", "--run-dir")
    done = run_program(tmp_path, *command, "whole")
    assert done.code == 0, done.err
    for file in ("seed_0_fold_1/phases/00-head/checkpoint/000000003.safetensors", "seed_1_fold_0/metrics.json"):
        killed = stop_program(tmp_path, signal.SIGKILL, tmp_path / "killed/folds" / file, *command, "killed")
        assert killed.code == -signal.SIGKILL
    last = run_program(tmp_path, *command, "killed")
    assert last.code == 0, last.err
    assert "seed 1 of 2, fold 1 of 3: loss" not in last.err, "what was done is not done again"
    assert whole(tmp_path / "killed") == whole(tmp_path / "whole")
