from __future__ import annotations

import itertools

import numpy as np
import pytest

from kerastune_ft.config.options.data import Fractions
from kerastune_ft.data.splits.apportion import Items, apportion
from kerastune_ft.data.splits.choose import ChosenSplits, choose_splits
from kerastune_ft.data.splits.examples import SplitExamples

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


@pytest.mark.parametrize("case", range(60))
def test_random_divisions_are_whole_and_near_their_shares(case: int) -> None:
    examples = _random(case)
    chosen = choose_splits(Fractions(**SHARES, seed=case), {}, examples)
    _check_whole(chosen, examples)
    largest = max(map(examples.groups.count, set(examples.groups))) if examples.groups else 1
    totals = examples.counts(np.arange(len(examples.keys)))
    for split, indices in chosen.splits.items():
        assert abs(len(indices) - SHARES[split] * len(examples.keys)) <= max(2, largest)
        for name, found in examples.counts(indices).items():
            assert abs(found - SHARES[split] * totals[name]) <= 1 + largest


@pytest.mark.parametrize("case", range(12))
def test_a_few_groups_are_divided_nearly_as_well_as_they_can_be(case: int) -> None:
    rng = np.random.default_rng(case)
    sizes = rng.integers(4, 12, 7)
    item_of = np.repeat(np.arange(7), sizes)
    strata = rng.integers(0, 2, len(item_of))
    items = Items.gather(item_of, np.arange(len(item_of)), strata, 2)
    amounts = np.zeros((7, 3))
    amounts[items.rows, items.columns] = items.amounts
    wanted = np.outer(list(SHARES.values()), items.totals)

    def distance(place: np.ndarray) -> float:
        held = np.stack([amounts[place == part].sum(axis=0) for part in range(3)])
        return np.inf if (held == 0).any() else float(((held - wanted) ** 2 / wanted).sum())

    best = min(distance(np.array(place)) for place in itertools.product(range(3), repeat=7))
    assert distance(apportion(items, SHARES, True)) <= 1.5 * best + 0.5


def test_a_huge_group_trains_whatever_it_holds() -> None:
    groups = _groups([88, 4, 4, 4, 4, 4, 4, 4, 4])
    strata = np.zeros((120, 2), np.uint8)
    strata[::2, 0] = 1
    strata[[0, 119], 1] = 1
    chosen = choose_splits(None, {}, _examples(groups, strata))
    assert 0 in chosen.splits["train"]
    assert len(chosen.splits["test"]) <= 20


def test_a_hospital_of_data_is_divided() -> None:
    rng = np.random.default_rng(0)
    groups = [f"p{number}" for number in rng.integers(0, 8000, 30_000)]
    strata = (rng.random((30_000, 15)) < np.geomspace(0.2, 0.002, 15)).astype(np.uint8)
    examples = _examples(groups, strata)
    chosen = choose_splits(None, {}, examples)
    _check_whole(chosen, examples)
    totals = examples.counts(np.arange(30_000))
    for split, indices in chosen.splits.items():
        assert abs(len(indices) - SHARES[split] * 30_000) <= 15
        assert all(abs(found - SHARES[split] * totals[name]) <= 5 for name, found in examples.counts(indices).items())
