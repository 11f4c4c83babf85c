from __future__ import annotations

import json

from kerastune_ft.api.folds import CrossValidation
from kerastune_ft.folds.division import Fold
from kerastune_ft.folds.member import Member, list_members
from kerastune_ft.rundir import RunDirectory


def test_a_member_is_a_run_with_its_own_seed_and_splits(crossvalidated: CrossValidation) -> None:
    (first, second) = list_members(RunDirectory(crossvalidated.path), [Fold(0, 0), Fold(0, 1)])
    assert first.is_done and second.is_done
    config = json.loads((first.run.path / "config.json").read_text())
    assert config["seed"] == 3 and config["data"]["splits"]["file"].endswith("folds/seed_0_fold_0/splits.csv")
    found = first.read_measured()
    assert found.measured["outputs"].shape == (first.describe()["validated"], 2)
    assert set(first.read_weights()) == {
        "head_output/kernel", "head_output/bias",
    }  # fmt: skip


def test_features_are_computed_once_for_all_folds(crossvalidated: CrossValidation) -> None:
    said = (crossvalidated.path / "log.txt").read_text()
    assert said.count("stored features of 60 examples") == 1, said


def test_one_that_was_never_trained_is_not_done(tmp_path: object) -> None:
    assert not Member(Fold(0, 0), RunDirectory(str(tmp_path))).is_done
