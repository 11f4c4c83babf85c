"""Common parts of sequences and changes between them, against tables filled by hand."""

from __future__ import annotations

import random

import pytest

from kerastune_ft.metrics.texts.sequences import common_length, count_common_runs, count_edits, list_runs


def fill_common(one: list, other: list) -> int:
    rows = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            rows[i + 1][j + 1] = rows[i][j] + 1 if a == b else max(rows[i][j + 1], rows[i + 1][j])
    return rows[-1][-1]


def fill_edits(one: list, other: list) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        new = [i]
        for j, b in enumerate(other, 1):
            new.append(min(new[-1] + 1, row[j] + 1, row[j - 1] + (a != b)))
        row = new
    return row[-1]


def test_lengths_and_distances_are_those_of_whole_tables():
    draw = random.Random(3)
    for size in (0, 1, 2, 5, 31, 70):
        for letters in ("ab", "abcdefgh"):
            one = draw.choices(letters, k=size)
            other = draw.choices(letters, k=draw.randrange(size + 3))
            assert common_length(one, other) == fill_common(one, other)
            assert count_edits(one, other) == fill_edits(one, other)


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3)]
)
def test_distances_of_known_words(one: str, other: str, edits: int):
    assert count_edits(one, other) == edits


def test_runs_that_repeat_count_as_often_as_both_have_them():
    assert list_runs("abab", 2) == [("a", "b"), ("b", "a"), ("a", "b")]
    assert count_common_runs("abab", "abxab", 2) == 2
    assert count_common_runs("ab", "abab", 2) == 1
    assert count_common_runs("a", "a", 2) == 0
