"""Going on after a kill, adding nothing to what is finished, and what other commands may not do in it."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import accuracy_score

import kerastune_ft
from kerastune_ft.api.folds import CrossValidation
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.folds.execute import FoldOptions
from tests.support.processes import run_program, stop_program


def whole(run: Path) -> dict[str, Any]:
    names = ("metrics.json", "out_of_fold.csv", "evaluation/predictions.csv", "splits.csv")
    weights = {
        str(each.relative_to(run)): each.read_bytes() for each in sorted(run.glob("folds/*/[pr]*/*/*.safetensors"))
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


@pytest.mark.parametrize(
    ("folds", "change", "said"),
    [
        (3, {}, "folds: 2 -> 3"),
        (2, {"phases.head.epochs": 3}, r"epochs: 2 -> 3"),
        (2, {"refit": True}, "refit: false -> true"),
    ],
)
def test_folds_that_are_finished_never_meet_those_of_another_cross_validation(
    crossvalidated: CrossValidation, fold_document: dict[str, Any], folds: int, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=rf"began as another cross-validation:(.|\n)*{said}"):
        kerastune_ft.crossvalidate(fold_document, folds=folds, run_dir=crossvalidated.path, overrides=change)


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


@pytest.mark.slow
def test_brought_back_from_a_mirror_without_a_fold_that_is_not_whole_there(
    fold_document: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = {**fold_document["output"], "mirror": str(tmp_path / "drive")}
    document = {**fold_document, "output": output}
    kerastune_ft.crossvalidate(document, folds=3, run_dir=tmp_path / "run")
    done = whole(tmp_path / "run")
    copied = tmp_path / "drive" / "run"
    assert done.keys() <= {str(path.relative_to(copied)) for path in copied.rglob("*")}
    for broken in ((), ("folds/seed_0_fold_1/phases/00-head/best.safetensors", "metrics.json")):
        for name in broken:
            (copied / name).write_bytes(b"cut short")
        shutil.rmtree(tmp_path / "run")
        capsys.readouterr()
        kerastune_ft.crossvalidate(document, folds=3, run_dir=tmp_path / "run")
        said = capsys.readouterr().err
        assert "copied back from" in said
        assert ("fold 2 of 3: loss" in said) == bool(broken) and "fold 1 of 3: loss" not in said
        assert whole(tmp_path / "run") == done
        assert kerastune_ft.verify(tmp_path / "run").holds


def read_splits(run: Path) -> dict[str, str]:
    with (run / "splits.csv").open(newline="") as file:
        return {row["input"]: row["split"] for row in csv.DictReader(file)}


@pytest.mark.slow
def test_refits_within_folds_and_phases_chosen_there_never_see_the_fold(
    fold_document: dict[str, Any], tmp_path: Path
) -> None:
    document = {**fold_document, "phases": {"preset": "auto", "time": "5s"}, "refit": True}
    (tmp_path / "cells.json").write_text(json.dumps(document))
    command = ("crossvalidate", "cells.json", "--folds", "2", "--run-dir")
    done = run_program(tmp_path, *command, "whole")
    assert done.code == 0, done.err
    run = tmp_path / "whole"
    with (run / "out_of_fold.csv").open(newline="") as file:
        out_of_fold = {row["input"]: row for row in csv.DictReader(file)}
    rest = {name for name, split in read_splits(run).items() if split == "train"}
    assert set(out_of_fold) == rest
    for number in range(2):
        own = run / f"folds/seed_0_fold_{number}"
        splits = read_splits(own)
        folded = {name for name, row in out_of_fold.items() if row["fold"] == str(number)}
        assert {name for name, split in splits.items() if split == "test"} == folded
        assert set(splits) == rest and "validation" in splits.values()
        assert (own / "refit/plan.json").exists() and json.loads((own / "plan.json").read_text())["auto"]["measured"]
        examples = json.loads((own / "metrics.json").read_text())["examples"]
        assert examples == {"test": len(folded)}
    accuracy = accuracy_score(
        [row["label"] for row in out_of_fold.values()], [row["prediction"] for row in out_of_fold.values()]
    )
    assert json.loads((run / "metrics.json").read_text())["out_of_fold"]["accuracy"] == pytest.approx(accuracy)
    verified = kerastune_ft.verify(run)
    assert verified.holds, str(verified)
    for file in ("seed_0_fold_0/plan.json", "seed_0_fold_1/refit/plan.json"):
        killed = stop_program(tmp_path, signal.SIGKILL, tmp_path / "killed/folds" / file, *command, "killed")
        assert killed.code == -signal.SIGKILL
    last = run_program(tmp_path, *command, "killed")
    assert last.code == 0, last.err
    assert "choosing phases" not in last.err, "they are those of the plan"
    assert whole(tmp_path / "killed") == whole(run)
