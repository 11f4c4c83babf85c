"""Folds: disjoint, stratified, of whole groups, and those of data.splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.read import read
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.folds.division import (
    Fold,
    choose_fold,
    divide_rest,
    find_rest,
    find_share,
    hold_out_fold,
    join_rest,
    list_folds,
)

LABELS = np.array([0] * 20 + [1] * 10 + [2] * 10)


def open_arrays(folder: Path, **data: Any) -> DataSource:
    images = np.random.default_rng(0).integers(0, 255, (len(LABELS), 8, 8, 3)).astype(np.uint8)
    np.savez(folder / "data.npz", x=images, y=LABELS, patient=np.arange(len(LABELS)) // 2)
    document = {
        "task": {"kind": "image_classification"},
        "data": {"kind": "arrays", "path": str(folder / "data.npz"), **data},
        "backbone": {"kind": "applications", "name": "MobileNet"},
        "phases": "head",
    }
    config = read(document)
    return open_source(config.data, config.task, folder / "cache", lambda line: None)


def test_folds_are_disjoint_stratified_and_without_the_test_split(tmp_path: Path) -> None:
    source = open_arrays(tmp_path, splits={"train": 0.5, "validation": 0.25, "test": 0.25})
    parts = divide_rest(source, 3, 0, None)
    assert sorted(np.concatenate(parts)) == sorted({*range(40)} - {*source.splits["test"].tolist()})
    for part in parts:
        counts = np.bincount(LABELS[part], minlength=3)
        assert abs(counts[0] - 5) <= 1 and abs(counts[1] - 2.5) <= 1, counts
    one = choose_fold(source, parts, 1)
    assert one.splits["validation"].tolist() == parts[1].tolist()
    assert one.splits["train"].tolist() == sorted([*parts[0], *parts[2]]) and "test" not in one.splits
    assert one.info.sizes == {"train": len(parts[0]) + len(parts[2]), "validation": len(parts[1])}
    assert source.info.sizes["test"] == 10, "the source itself is as it was"


def test_a_fold_is_held_out_where_something_is_chosen_on_validation(tmp_path: Path) -> None:
    source = open_arrays(tmp_path, splits={"train": 0.6, "validation": 0.2, "test": 0.2})
    assert find_share(source) == pytest.approx(8 / 32)
    rest = join_rest(source)
    parts = divide_rest(rest, 4, 0, None)
    for number, part in enumerate(parts):
        held_out = hold_out_fold(rest, parts, number, find_share(source), 0, None)
        assert held_out.splits["test"].tolist() == part.tolist()
        together = np.concatenate(list(held_out.splits.values()))
        assert sorted(together) == sorted(find_rest(source)) and len(set(together.tolist())) == 32
        assert len(held_out.splits["validation"]) == 6 and set(LABELS[held_out.splits["validation"]]) == {0, 1, 2}
        again = hold_out_fold(rest, parts, number, find_share(source), 0, None)
        assert {name: own.tolist() for name, own in again.splits.items()} == {
            name: own.tolist() for name, own in held_out.splits.items()
        }


def test_without_a_validation_split_its_usual_share_is_taken(tmp_path: Path) -> None:
    source = open_arrays(tmp_path, splits={"train": 0.8, "validation": 0.2})
    del source.splits["validation"]
    assert find_share(source) == pytest.approx(0.15 / 0.85)


def test_groups_stay_whole_in_what_validates_within_a_fold(tmp_path: Path) -> None:
    source = open_arrays(tmp_path, splits={"train": 0.8, "validation": 0.2}, group="patient")
    parts = divide_rest(source, 4, 0, None)
    held_out = hold_out_fold(join_rest(source), parts, 1, 0.25, 0, None)
    validating = held_out.splits["validation"].tolist()
    assert sorted(validating) == sorted({each for index in validating for each in (index, index ^ 1)})


def test_the_first_seed_divides_as_data_splits_does_and_others_otherwise(tmp_path: Path) -> None:
    whole = open_arrays(tmp_path, splits={"folds": 4, "fold": 2, "test": 0.25})
    parts = divide_rest(whole, 4, 0, None)
    assert parts[2].tolist() == whole.splits["validation"].tolist()
    assert find_rest(whole).tolist() == sorted(np.concatenate(parts))
    assert [part.tolist() for part in divide_rest(whole, 4, 1, None)] != [part.tolist() for part in parts]


def test_groups_stay_whole(tmp_path: Path) -> None:
    source = open_arrays(tmp_path, splits={"train": 0.8, "validation": 0.2}, group="patient")
    for part in divide_rest(source, 4, 0, None):
        assert sorted(part) == sorted({each for index in part.tolist() for each in (index, index ^ 1)})


def test_more_folds_than_a_class_has_examples_are_refused(tmp_path: Path) -> None:
    source = open_arrays(tmp_path)
    with pytest.raises(DataError, match=r"into 12 folds(.|\n)*give fewer --folds"):
        divide_rest(source, 12, 0, None)


def test_members_in_the_order_in_which_they_train() -> None:
    assert [fold.place for fold in list_folds(2, 2)] == [
        "seed_0_fold_0", "seed_0_fold_1", "seed_1_fold_0", "seed_1_fold_1",
    ]  # fmt: skip
    assert Fold(1, 0).number == 0
