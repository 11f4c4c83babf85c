"""The parts of trials: what each trains on, none of it the test split, and folds as a cross-validation has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.config.read import read
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.training.run_directory.run_data import open_data
from kerastune_ft.trials.parts import divide, gather


@pytest.fixture(scope="module")
def source(search_folder: Path) -> DataSource:
    return open_data(read(search_folder / "tiny.json"), lambda line: None)


def test_one_part_is_the_data_without_its_test_split(source: DataSource) -> None:
    (part,) = divide(gather(source, None), None, None)
    assert part.name == "" and set(part.source.splits) == {"train", "validation"}
    assert all(np.array_equal(part.source.splits[split], source.splits[split]) for split in part.source.splits)
    with pytest.raises(DataError, match="no validation split"):
        gather(source.with_splits({"train": source.splits["train"]}), None)


def test_every_example_but_those_of_test_validates_in_one_fold(source: DataSource) -> None:
    parts = divide(gather(source, 4), 4, None)
    rest = np.sort(np.concatenate([source.splits["train"], source.splits["validation"]]))
    assert [part.name for part in parts] == ["fold_0", "fold_1", "fold_2", "fold_3"]
    assert np.array_equal(np.sort(np.concatenate([part.source.splits["validation"] for part in parts])), rest)
    for part in parts:
        assert set(part.source.splits) == {"train", "validation"}
        assert np.array_equal(np.sort(np.concatenate(list(part.source.splits.values()))), rest)
        assert part.source.info.fingerprint == source.info.fingerprint
    with pytest.raises(DataError, match="give fewer --folds"):
        divide(gather(source, 200), 200, None)


def test_what_a_fold_trial_comes_to_is_what_crossvalidate_gives_to_the_last_digit(search_folder: Path) -> None:
    config, place = search_folder / "tiny.json", search_folder / "by-folds"
    space = {"phases.head.learning_rate": [0.01, 0.05], "phases.top.learning_rate": [0.001, 0.02]}
    calls = {"metric": "validation_accuracy", "sampler": "grid", "directory": place, "objective": "crossvalidate"}
    searching = kt.search(config, space, trials=2, folds=3, **calls)
    best = searching.best
    assert best is not None and [record.forked for record in searching.trials] == [0, 3]
    assert {record.pinned["folds"] for record in searching.trials if record.pinned} == {3}
    assert all(len(record.curve) == 3 and record.deviation is not None for record in searching.trials)
    assert not list(searching.path.glob("trials/**/*.safetensors")) and not list(searching.path.glob("**/metrics.json"))
    found = kt.crossvalidate(searching.best_path, run_dir=search_folder / "of-best")
    assert len(found.folds) == 3
    assert {f"validation_{name}": each["mean"] for name, each in found.summary.items()} == dict(best.metrics)
    assert found.summary["accuracy"]["mean"] == best.value
    assert found.summary["accuracy"]["deviation"] == best.deviation
