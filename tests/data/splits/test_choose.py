from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from kerastune_ft.config.options.data import Fractions, Named
from kerastune_ft.data.splits.choose import choose_splits, fraction_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.errors import DataError

DEFAULT = {"train": 0.7, "validation": 0.15, "test": 0.15}


def _set(counts: dict[str, int]) -> SplitExamples:
    labels = np.repeat(np.arange(len(counts)), list(counts.values())).astype(np.int32)
    keys = [f"{name}/{index}" for name, count in counts.items() for index in range(count)]
    return SplitExamples(keys, labels, tuple(counts))


def _keys(splits: dict[str, np.ndarray], keys: Sequence[str]) -> dict[str, set[str]]:
    return {split: {keys[index] for index in indices} for split, indices in splits.items()}


def test_fractions_are_disjoint_complete_sorted_and_stratified() -> None:
    examples = _set({"a": 100, "b": 40, "c": 20})
    splits = fraction_splits(examples, DEFAULT)
    assert {split: len(indices) for split, indices in splits.items()} == {"train": 112, "validation": 24, "test": 24}
    assert np.array_equal(np.sort(np.concatenate(list(splits.values()))), np.arange(160))
    for indices in splits.values():
        assert indices.dtype == np.int64
        assert np.all(np.diff(indices) > 0)
    assert np.bincount(examples.strata[splits["test"]]).tolist() == [15, 6, 3]


def test_remainders_of_small_classes_even_out() -> None:
    examples = _set({f"c{number:02}": 10 for number in range(40)})
    splits = fraction_splits(examples, DEFAULT)
    assert [len(splits[split]) for split in DEFAULT] == [280, 60, 60]


def test_every_class_is_in_every_split_where_it_can_be() -> None:
    examples = _set({"big": 500, "small": 3})
    splits = fraction_splits(examples, DEFAULT)
    for indices in splits.values():
        assert np.sum(examples.strata[indices] == 1) == 1


def test_the_order_of_classes_and_examples_does_not_matter() -> None:
    examples = _set({"a": 30, "b": 17})
    before = _keys(fraction_splits(examples, DEFAULT), examples.keys)
    order = np.random.default_rng(0).permutation(len(examples.keys))
    shuffled = [examples.keys[index] for index in order]
    swapped = SplitExamples(shuffled, (1 - examples.strata)[order], ("b", "a"))
    assert _keys(fraction_splits(swapped, DEFAULT), shuffled) == before


def test_the_seed_changes_the_splits() -> None:
    examples = _set({"a": 30, "b": 30})
    first, again, other = (fraction_splits(examples, DEFAULT, seed=seed)["train"] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_stratify_a_class_may_be_rare() -> None:
    examples = _set({"a": 30, "b": 2})
    splits = fraction_splits(examples, DEFAULT, stratify=False)
    assert sum(map(len, splits.values())) == 32


def test_too_few_examples_are_named_with_their_counts() -> None:
    examples = _set({"a": 30, "b": 2})
    with pytest.raises(DataError, match=r"too few examples to divide into train, validation, test: b \(2\)"):
        fraction_splits(examples, DEFAULT)


def test_a_rare_class_that_is_another_misspelt_is_told_with_the_way_to_merge_them() -> None:
    with pytest.raises(DataError) as error:
        fraction_splits(_set({"negative": 30, "positive": 30, "positve": 1, "rare": 2}), DEFAULT)
    said = str(error.value)
    assert 'By "positve" did you mean "positive"? Correct that in the data, or merge them with  "classes": {' in said
    assert '"positve": "positive"}  in task' in said
    assert 'mean "rare"' not in said


def test_missing_validation_is_taken_from_train() -> None:
    examples = _set({"a": 40, "b": 40})
    natural = {"train": np.r_[0:30, 40:70], "test": np.r_[30:40, 70:80]}
    chosen = choose_splits(None, natural, examples)
    splits, notes = chosen.splits, chosen.notes
    assert {split: len(indices) for split, indices in splits.items()} == {"train": 51, "validation": 9, "test": 20}
    assert np.array_equal(np.union1d(splits["train"], splits["validation"]), natural["train"])
    assert "15 % of train" in notes[0]


def test_only_train_is_divided_by_the_default_fractions() -> None:
    examples = _set({"a": 20, "b": 20})
    chosen = choose_splits(None, {"train": np.arange(40)}, examples)
    splits, notes = chosen.splits, chosen.notes
    assert [len(splits[split]) for split in DEFAULT] == [28, 6, 6]
    assert "70 %" in notes[0]


def test_no_test_split_is_said() -> None:
    examples = _set({"a": 20, "b": 20})
    chosen = choose_splits(Fractions(train=0.8, validation=0.2, test=0.0), {}, examples)
    splits, notes = chosen.splits, chosen.notes
    assert list(splits) == ["train", "validation"]
    assert "no test split" in notes[-1]


def test_empty_split_is_an_error() -> None:
    examples = _set({"a": 1, "b": 1})
    wanted = Fractions(train=0.6, validation=0.2, test=0.2, stratify=False)
    with pytest.raises(DataError, match=r"test split would have no example \(train 1, validation 1, test 0\)"):
        choose_splits(wanted, {}, examples)


def test_class_missing_from_train_is_an_error() -> None:
    examples = _set({"a": 20, "b": 20})
    natural = {"train": np.arange(15), "validation": np.arange(15, 30), "test": np.arange(30, 40)}
    with pytest.raises(DataError, match="class b has 10 images in validation and 10 images in test and none in train"):
        choose_splits(Named(train="x", validation="y", test="z"), natural, examples)


def test_a_class_in_test_only_is_named_before_train_is_divided() -> None:
    examples = _set({"a": 20, "b": 20, "c": 4})
    natural = {"train": np.arange(40), "test": np.arange(40, 44)}
    with pytest.raises(DataError, match="class c has 4 images in test and none in train, so it cannot"):
        choose_splits(None, natural, examples)


def test_classes_absent_from_a_measured_split_are_said() -> None:
    examples = _set({"a": 20, "b": 20})
    natural = {"train": np.r_[0:10, 20:40], "validation": np.arange(10, 15), "test": np.r_[15:20]}
    notes = choose_splits(None, natural, examples).notes
    assert [note for note in notes if "no example" in note] == [
        "splits: the validation split has no example of b, so its AUC is undefined",
        "splits: the test split has no example of b, so its AUC is undefined",
    ]


def test_the_remedy_for_too_few_examples_works_as_it_is_written() -> None:
    examples = _set({"a": 30, "b": 2})
    with pytest.raises(DataError) as caught:
        choose_splits(Fractions(train=0.5, validation=0.25, test=0.25, seed=4), {}, examples)
    written = json.loads(str(caught.value).split('"splits": ')[1].split("}")[0] + "}")
    assert written == {"train": 0.5, "validation": 0.25, "test": 0.25, "stratify": False, "seed": 4}
    choose_splits(Fractions(**written), {}, examples)
