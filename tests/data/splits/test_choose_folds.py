from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.config.options.data import Folds
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import DataError


def _examples(form: str) -> SplitExamples:
    rng = np.random.default_rng(5)
    groups = [f"p{number}" for number in rng.integers(0, 60, 240)]
    labels = rng.integers(0, 3, 240).astype(np.int32)
    several = (rng.random((240, 3)) < 0.4).astype(np.uint8)
    keys = [f"x[{index}]" for index in range(240)]
    strata = several if "several" in form else labels
    return SplitExamples(keys, strata, ("a", "b", "c"), groups if "grouped" in form else None)


def _folds(examples: SplitExamples, folds: int, test: float) -> list[ChosenSplits]:
    return [choose_splits(Folds(folds=folds, fold=fold, test=test), {}, examples) for fold in range(folds)]


@pytest.mark.parametrize("form", ["one", "several", "grouped", "grouped several"])
@pytest.mark.parametrize("test", [0.0, 0.2])
def test_folds_are_disjoint_cover_the_rest_and_share_one_test_split(form: str, test: float) -> None:
    examples = _examples(form)
    found = _folds(examples, 5, test)
    tests = [chosen.splits.get("test", np.zeros(0, np.int64)) for chosen in found]
    assert all(np.array_equal(each, tests[0]) for each in tests)
    assert abs(len(tests[0]) - test * 240) <= 4
    validated = np.concatenate([chosen.splits["validation"] for chosen in found])
    assert np.array_equal(np.sort(np.r_[validated, tests[0]]), np.arange(240))
    for chosen in found:
        assert list(chosen.splits) == ["train", "validation"] + ["test"] * bool(test)
        assert np.array_equal(np.sort(np.concatenate(list(chosen.splits.values()))), np.arange(240))
        assert abs(len(chosen.splits["validation"]) - (240 - len(tests[0])) / 5) <= 3
        counts = [examples.counts(chosen.splits[split]) for split in ("train", "validation")]
        for name in examples.names:
            assert abs(counts[0][name] / 4 - counts[1][name]) <= 4
        if examples.groups:
            assert "; 0 shared" in chosen.notes[0]


def test_the_fold_that_validates_is_said() -> None:
    notes = _folds(_examples("one"), 3, 0.0)[1].notes
    assert notes[0] == "splits: of the folds 0 to 2, fold 1 validates and the others train"
    assert "no test split" in notes[1]


def test_more_folds_than_examples_of_a_class_are_an_error() -> None:
    examples = SplitExamples(
        [str(index) for index in range(24)], np.repeat([0, 1], [20, 4]).astype(np.int32), ("a", "b")
    )
    with pytest.raises(DataError, match=r"too few examples to divide into 4 folds and test: b \(4\)(.|\n)*fewer folds"):
        choose_splits(Folds(folds=4, fold=0, test=0.1), {}, examples)
    choose_splits(Folds(folds=4, fold=0), {}, examples)
    chosen = choose_splits(Folds(folds=4, fold=0, test=0.1, stratify=False), {}, examples)
    assert [len(indices) for indices in chosen.splits.values()] == [16, 6, 2]


def test_without_stratify_folds_take_classes_as_they_come() -> None:
    examples = SplitExamples([str(index) for index in range(400)], np.repeat([0, 1], 200).astype(np.int32), ("a", "b"))
    counts = {
        stratify: [
            examples.counts(
                choose_splits(Folds(folds=5, fold=fold, stratify=stratify), {}, examples).splits["validation"]
            )
            for fold in range(5)
        ]
        for stratify in (True, False)
    }
    assert counts[True] == [{"a": 40, "b": 40}] * 5
    assert all(each["a"] + each["b"] == 80 for each in counts[False])
    assert counts[False] != counts[True]


def test_more_folds_than_groups_are_an_error() -> None:
    labels = np.repeat([0, 1], [20, 4]).astype(np.int32)
    groups = [str(index // 2) for index in range(24)]
    keys = [str(index) for index in range(24)]
    examples = SplitExamples(keys, labels, ("a", "b"), groups)
    with pytest.raises(DataError, match=r"12 groups cannot be divided into 13 folds"):
        choose_splits(Folds(folds=13, fold=0), {}, examples)


def test_a_class_with_fewer_groups_than_folds_is_named() -> None:
    labels = np.repeat([0, 1], [20, 6]).astype(np.int32)
    examples = SplitExamples(
        [str(index) for index in range(26)], labels, ("a", "b"), [str(index // 2) for index in range(26)]
    )
    for chosen in _folds(examples, 5, 0.15):
        assert chosen.notes[-1] == (
            "splits: too few groups have b (3 groups), so not every fold has it; add groups with it to measure it"
        )
        assert examples.counts(chosen.splits["train"])["b"] > 0
    quiet = choose_splits(Folds(folds=5, fold=0, test=0.15, stratify=False), {}, examples)
    assert not any("too few" in note for note in quiet.notes)


def test_a_label_with_fewer_examples_than_folds_is_named() -> None:
    strata = np.zeros((40, 2), np.uint8)
    strata[:, 0], strata[:3, 1] = 1, 1
    examples = SplitExamples([str(index) for index in range(40)], strata, ("common", "rare"))
    for chosen in _folds(examples, 5, 0.15):
        assert (
            "splits: too few images have rare (3 images), so not every fold has it; add images with it to measure it"
            in (chosen.notes)
        )


def test_a_class_that_only_one_group_has_cannot_be_learnt_where_that_validates() -> None:
    labels = np.repeat([0, 1], [20, 2]).astype(np.int32)
    examples = SplitExamples(
        [str(index) for index in range(22)], labels, ("a", "b"), [str(index // 2) for index in range(22)]
    )
    failed = 0
    for fold in range(4):
        try:
            choose_splits(Folds(folds=4, fold=fold), {}, examples)
        except DataError as error:
            failed += "class b has 2 images in validation and none in train" in str(error)
    assert failed == 1
