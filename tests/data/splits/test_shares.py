from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.splits.choose import DEFAULT_FRACTIONS, fraction_splits
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.shares import fair_amounts, round_shares
from kerastune_ft.rules import FIRST, NEWEST, Rules

SHARES = ((70, 15, 15), (60, 20, 20), (80, 20), (50, 30, 20), (34, 33, 33))


def every_division(size: int, shares: tuple[int, ...]) -> list[tuple[int, ...]]:
    """All divisions of a class in which each part is its share rounded, and has one where there are enough."""
    least = 1 if size >= len(shares) else 0
    whole = [row for row in itertools.product(range(size + 1), repeat=len(shares)) if sum(row) == size]
    able = [row for row in whole if min(row) >= least]
    near = [row for row in able if all(is_near(n, size * s, least) for n, s in zip(row, shares, strict=True))]
    if near:
        return near
    # Some part pays for those that must have one: as near as it can be.
    return [min(able, key=lambda row: (error(row, size, shares), [-n for n in row]))]


def is_near(number: int, wanted: int, least: int) -> bool:
    """Whether a number is a hundredth of `wanted` rounded, or the least that a part must have."""
    return abs(100 * number - wanted) < 100 or (number == least and wanted < 100 * least)


def error(row: tuple[int, ...], size: int, shares: tuple[int, ...]) -> Fraction:
    return sum(((n - Fraction(size * s, 100)) ** 2 for n, s in zip(row, shares, strict=True)), Fraction(0))


def goal_of(divisions: list[tuple[int, ...]], size: int, shares: tuple[int, ...]) -> list[Fraction]:
    """What a class gives each part on average: what all divisions have in common, and the rest by what is missing."""
    least = [min(column) for column in zip(*divisions, strict=True)]
    missing = [max(Fraction(size * s, 100) - n, Fraction(0)) for n, s in zip(least, shares, strict=True)]
    rest = size - sum(least)
    return [n + rest * m / sum(missing) if rest else Fraction(n) for n, m in zip(least, missing, strict=True)]


@pytest.mark.parametrize("case", range(60))
def test_shares_are_rounded_as_well_as_they_can_be(case: int) -> None:
    draw = np.random.default_rng(case)
    shares = SHARES[case % len(SHARES)]
    sizes = draw.integers(len(shares), 13, draw.integers(1, 5)).tolist()
    divisions = [every_division(size, shares) for size in sizes]
    goals = [goal_of(own, size, shares) for own, size in zip(divisions, sizes, strict=True)]

    def cost(rows: Any) -> tuple[Fraction, Fraction]:
        totals = zip(zip(*rows, strict=True), zip(*goals, strict=True), strict=True)
        parts = sum(((sum(map(int, held)) - sum(goal)) ** 2 for held, goal in totals), Fraction(0))
        return parts, sum((error(row, size, shares) for row, size in zip(rows, sizes, strict=True)), Fraction(0))

    best = min(map(cost, itertools.product(*divisions)))
    rows = [tuple(map(int, row)) for row in round_shares(sizes, [share / 100 for share in shares])]
    assert all(row in own for row, own in zip(rows, divisions, strict=True)), rows
    assert cost(rows) == best


def test_a_few_examples_are_divided_as_they_can_be() -> None:
    assert round_shares([1, 3, 4, 7], [0.7, 0.15, 0.15]).tolist() == [[1, 0, 0], [1, 1, 1], [2, 1, 1], [5, 1, 1]]
    assert round_shares([5, 10], [0.2] * 5).tolist() == [[1] * 5, [2] * 5]
    assert np.ptp(round_shares([3 * n + 10 for n in range(50)], [0.1] * 10).sum(axis=0)) <= 1


def test_amounts_that_are_fair_leave_no_part_without_one() -> None:
    found = fair_amounts(np.array([1, 3, 4, 6, 40]), np.array([0.7, 0.15, 0.15]))
    assert np.allclose(found, [[0.7, 0.15, 0.15], [1, 1, 1], [2, 1, 1], [4, 1, 1], [28, 6, 6]])


def examples_of(sizes: dict[str, int], form: str, rules: Rules = NEWEST) -> SplitExamples:
    names = tuple(sorted(sizes))
    labels = np.repeat([names.index(name) for name in sizes], list(sizes.values())).astype(np.int32)
    keys = [f"x[{number}]" for number in range(len(labels))]
    groups = [f"g{number}" for number in range(len(labels))] if form == "groups" else None
    strata = np.eye(len(names), dtype=np.uint8)[labels] if form == "several" else labels
    return SplitExamples(keys, strata, names, groups, rules=rules)


def divided(
    sizes: dict[str, int], form: str, rules: Rules = NEWEST
) -> tuple[dict[str, set[int]], dict[str, list[int]]]:
    examples = examples_of(sizes, form, rules)
    splits = fraction_splits(examples, DEFAULT_FRACTIONS)
    counts = [examples.counts(indices) for indices in splits.values()]
    return {split: set(indices.tolist()) for split, indices in splits.items()}, {
        name: [count[name] for count in counts] for name in sizes
    }


@pytest.mark.parametrize("form", ["one", "groups", "several"])
def test_small_classes_take_nothing_from_a_large_one_whatever_it_is_called(form: str) -> None:
    small = dict.fromkeys("abcdefghij", 3)
    found = {}
    for large in ("z", "A", "e2"):
        found[large], counts = divided(small | {large: 40}, form)
        assert counts[large] == [28, 6, 6]
        assert all(counts[name] == [1, 1, 1] for name in small)
    # Names of classes have no part in it at all.
    assert found["z"] == found["A"] == found["e2"]


def test_runs_of_the_first_rules_are_divided_as_they_were() -> None:
    small = dict.fromkeys("abcdefghij", 3)
    assert divided(small | {"z": 40}, "one", FIRST)[1]["z"] == [38, 1, 1]
    assert divided(small | {"A": 40}, "one", FIRST)[1]["A"] == [28, 6, 6]


@pytest.mark.parametrize("form", ["one", "groups", "several"])
@pytest.mark.parametrize("case", range(4))
def test_names_of_classes_change_no_split(form: str, case: int) -> None:
    draw = np.random.default_rng(case)
    sizes = draw.integers(3, 30, 6).tolist()
    before, counts = divided({f"c{number}": size for number, size in enumerate(sizes)}, form)
    order = draw.permutation(6)
    after, _ = divided({f"n{order[number]}": size for number, size in enumerate(sizes)}, form)
    assert before == after
    for name, size in zip(counts, sizes, strict=True):
        train, validation, test = counts[name]
        assert train + validation + test == size
        assert min(counts[name]) >= 1
        assert abs(validation - max(0.15 * size, 1)) < 1.5
        assert abs(test - max(0.15 * size, 1)) < 1.5
