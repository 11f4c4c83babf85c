from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.config.options.data import Folds, Fractions, Named
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import DataError

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}


def _groups(sizes: list[int]) -> list[str]:
    return [f"patient {number}" for number, size in enumerate(sizes) for _ in range(size)]


def _examples(groups: list[str] | None, strata: np.ndarray, are_classes: bool = True) -> SplitExamples:
    count = strata.shape[1] if strata.ndim == 2 else int(strata.max()) + 1
    keys = [f"{index:04}.png" for index in range(len(strata))]
    return SplitExamples(keys, strata, tuple(f"class {n}" for n in range(count)), groups, are_classes=are_classes)


def _random(case: int) -> SplitExamples:
    rng = np.random.default_rng(case)
    groups = _groups(rng.integers(1, 1 + rng.choice([1, 4, 12]), rng.integers(40, 160)).tolist())
    count, classes = len(groups), int(rng.integers(2, 7))
    if case % 3 == 0:
        strata = rng.integers(0, classes, count).astype(np.int32)
    else:
        strata = (rng.random((count, classes)) < rng.uniform(0.1, 0.95, classes)).astype(np.uint8)
    return _examples(None if case % 3 == 2 else groups, strata)


def _check_whole(chosen: ChosenSplits, examples: SplitExamples) -> None:
    assert list(chosen.splits) == [split for split in SHARES if split in chosen.splits]
    assert np.array_equal(np.sort(np.concatenate(list(chosen.splits.values()))), np.arange(len(examples.keys)))
    for indices in chosen.splits.values():
        assert indices.dtype == np.int64
        assert np.all(np.diff(indices) > 0)
    if examples.groups is not None:
        held = [{examples.groups[index] for index in indices} for indices in chosen.splits.values()]
        assert sum(map(len, held)) == len(set(examples.groups))
        assert list(chosen.groups.values()) == list(map(len, held))


def test_what_was_achieved_is_said() -> None:
    groups = _groups([4] * 100)
    strata = np.tile([0, 0, 0, 1], 100).astype(np.int32)
    chosen = choose_splits(Fractions(**SHARES), {}, _examples(groups, strata))
    assert chosen.notes == (
        "splits: groups train 70, validation 15, test 15; 0 shared",
        "splits: 100 groups kept whole; sizes 70.0, 15.0, 15.0 %; "
        "every class's share is the same in all splits to 0.1 points",
    )
    assert chosen.groups == {"train": 70, "validation": 15, "test": 15}


def test_the_class_that_came_out_worst_is_named() -> None:
    groups = _groups([10] * 10)
    strata = np.repeat([0, 0, 1, 0, 0, 1, 0, 0, 1, 0], 10).astype(np.int32)
    chosen = choose_splits(Fractions(train=0.5, validation=0.3, test=0.2), {}, _examples(groups, strata))
    assert chosen.notes[-1] == (
        "splits: 10 groups kept whole; sizes 50.0, 30.0, 20.0 %; a class's share differs by at most 30.0 points "
        "between splits (class 0: train 80.0 %, validation 66.7 %, test 50.0 %)"
    )


def test_the_default_rule_keeps_groups_whole_and_leaves_no_class_out() -> None:
    strata = np.repeat([0, 0, 0, 0, 0, 0, 0, 1, 1, 1], 5).astype(np.int32)
    examples = _examples(_groups([5] * 10), strata)
    chosen = choose_splits(None, {}, examples)
    _check_whole(chosen, examples)
    assert all(min(examples.counts(indices).values()) for indices in chosen.splits.values())


def test_a_class_of_one_group_is_learnt_and_named() -> None:
    strata = np.repeat([0] * 11 + [1], 3).astype(np.int32)
    for seed in range(5):
        chosen = choose_splits(Fractions(**SHARES, seed=seed), {}, _examples(_groups([3] * 12), strata))
        assert 35 in chosen.splits["train"]
        assert "splits: the test split has no example of class 1, so its AUC is undefined" in chosen.notes
        assert chosen.notes[-1] == (
            "splits: too few groups have class 1 (1 group), so not every split has it; add groups with it to measure it"
        )


def test_a_label_of_one_example_among_several_is_learnt_and_named() -> None:
    strata = (np.random.default_rng(0).random((60, 3)) < 0.4).astype(np.uint8)
    strata[:, 2] = 0
    strata[7, 2] = 1
    chosen = choose_splits(None, {}, _examples(None, strata))
    assert 7 in chosen.splits["train"]
    assert "too few images have class 2 (1 image)" in chosen.notes[-1]


def test_those_without_a_label_that_nearly_all_have_are_divided_alike() -> None:
    strata = np.ones((200, 2), np.uint8)
    strata[:20, 0] = 0
    strata[::2, 1] = 0
    chosen = choose_splits(None, {}, _examples(_groups([2] * 100), strata))
    without = [int(np.sum(strata[indices, 0] == 0)) for indices in chosen.splits.values()]
    assert without in ([14, 4, 2], [14, 2, 4])


@pytest.mark.parametrize(
    ("count", "natural", "into"), [(2, False, "train, validation, test"), (1, True, "train, valid")]
)
def test_fewer_groups_than_splits_are_an_error(count: int, natural: bool, into: str) -> None:
    groups = [f"p{index % count}" for index in range(30)]
    given = {"train": np.arange(20), "test": np.arange(20, 30)} if natural else {}
    with pytest.raises(DataError, match=rf"data.group: {count} groups? cannot be divided into {into}"):
        choose_splits(None, given, _examples(groups, np.arange(30, dtype=np.int32) % 2))


def test_examples_without_a_group_are_named() -> None:
    groups = ["a", "b", " ", "c"]
    with pytest.raises(DataError, match=r"1 of 4 images has no group: 0002.png"):
        choose_splits(None, {}, _examples(groups, np.zeros(4, np.int32)))


def test_validation_taken_from_train_keeps_groups_whole() -> None:
    groups = _groups([5] * 40)
    natural = {"test": np.arange(150, 200), "train": np.arange(150)}
    examples = _examples(groups, np.arange(200, dtype=np.int32) % 3)
    chosen = choose_splits(None, natural, examples)
    _check_whole(chosen, examples)
    assert np.array_equal(chosen.splits["test"], natural["test"])
    assert 20 <= len(chosen.splits["validation"]) <= 25
    assert "15 % of train (of every class)" in "".join(chosen.notes)


def test_groups_that_natural_splits_share_are_counted_and_named() -> None:
    groups = _groups([5] * 12)
    natural = {"train": np.arange(32), "validation": np.arange(32, 46), "test": np.arange(46, 60)}
    examples = _examples(groups, np.arange(60, dtype=np.int32) % 2)
    chosen = choose_splits(Named(train="a", validation="b", test="c"), natural, examples)
    assert chosen.notes == (
        "splits: groups train 7, validation 4, test 3; 2 shared",
        "splits: 2 groups are in more than one split (patient 6, patient 9), so the metrics flatter the model",
    )


@pytest.mark.parametrize("case", range(6))
def test_neither_the_order_of_examples_nor_of_classes_matters(case: int) -> None:
    examples = _random(case)
    count = examples.strata.shape[1] if examples.have_several else len(examples.names)
    rng = np.random.default_rng(case)
    order, classes = rng.permutation(len(examples.keys)), rng.permutation(count)
    strata = examples.strata[order]
    other = SplitExamples(
        [examples.keys[index] for index in order],
        strata[:, classes] if examples.have_several else np.argsort(classes)[strata].astype(np.int32),
        tuple(examples.names[number] for number in classes),
        examples.groups and [examples.groups[index] for index in order],
    )
    for request in (None, Folds(folds=3, fold=1, test=0.2)):
        first, second = (choose_splits(request, {}, each).splits for each in (examples, other))
        for split, indices in first.items():
            assert {examples.keys[index] for index in indices} == {other.keys[index] for index in second[split]}


def test_another_patient_moves_few_others() -> None:
    rng = np.random.default_rng(3)
    groups = _groups(rng.integers(1, 6, 400).tolist())
    strata = (rng.random((len(groups), 4)) < [0.5, 0.3, 0.2, 0.05]).astype(np.uint8)
    more = groups + ["newcomer"] * 3
    before = choose_splits(None, {}, _examples(groups, strata)).splits
    after = choose_splits(None, {}, _examples(more, np.r_[strata, strata[:3]])).splits
    moved = sum(len(np.setdiff1d(indices, after[split])) for split, indices in before.items())
    assert moved < 0.15 * len(groups)


def test_without_stratify_only_sizes_count() -> None:
    groups = _groups([4] * 50)
    strata = np.repeat([0, 1], 100).astype(np.int32)
    chosen = choose_splits(Fractions(**SHARES, stratify=False), {}, _examples(groups, strata))
    assert sorted(len(indices) for indices in chosen.splits.values()) == [28, 32, 140]


def test_values_are_divided_alike_without_being_classes() -> None:
    strata = np.repeat([0, 1, 2], [60, 38, 2]).astype(np.int32)
    plain = choose_splits(None, {}, _examples(None, strata, are_classes=False))
    assert sum(len(indices) for indices in plain.splits.values()) == 100
    assert [int(np.sum(strata[indices] == 0)) for indices in plain.splits.values()] == [42, 9, 9]
    assert plain.notes == (
        "splits: the data has none of its own, so it is divided into 70 % train, 15 % validation, 15 % test",
    )
    grouped = choose_splits(None, {}, _examples(_groups([5] * 20), strata, are_classes=False))
    assert [len(indices) for indices in grouped.splits.values()] == [70, 15, 15]
    assert grouped.notes[-1] == "splits: 20 groups kept whole; sizes 70.0, 15.0, 15.0 %"
