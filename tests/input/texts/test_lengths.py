from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.input.texts.lengths import MOST_LENGTHS, assign_buckets, choose_lengths, round_up


def count(lengths: np.ndarray, edges: tuple[int, ...]) -> int:
    return int(np.asarray(edges)[assign_buckets(lengths, edges)].sum())


def test_lengths_are_few_ascending_and_end_with_the_longest() -> None:
    lengths = np.random.default_rng(0).gamma(2, 20, 5000).astype(int) + 2
    edges = choose_lengths(lengths, round_up(int(lengths.max())))
    assert len(edges) == MOST_LENGTHS
    assert list(edges) == sorted(set(edges))
    assert edges[-1] == round_up(int(lengths.max()))
    assert all(edge % 8 == 0 for edge in edges)


def test_no_other_choice_computes_less() -> None:
    lengths = np.random.default_rng(1).gamma(2, 8, 3000).astype(int) + 2
    longest = 72
    cut = np.minimum(lengths, longest)
    edges = choose_lengths(lengths, longest)
    best = min(
        count(cut, (a, b, c, longest)) for a in range(8, 64, 8) for b in range(a, 72, 8) for c in range(b, 72, 8)
    )
    assert count(cut, edges) <= best * 1.06


def test_few_or_equal_texts_have_one_length() -> None:
    assert choose_lengths(np.full(10000, 30), 32) == (32,)
    assert choose_lengths(np.array([3, 30, 100]), 104) == (104,)


def test_longest_need_be_no_multiple_of_eight() -> None:
    assert choose_lengths(np.array([5] * 2000 + [77] * 100), 77) == (8, 77)


@pytest.mark.parametrize(("length", "number"), [(1, 0), (8, 0), (9, 1), (24, 1), (25, 2), (99, 2)])
def test_a_bucket_follows_from_the_length_alone(length: int, number: int) -> None:
    assert assign_buckets(np.array([length]), (8, 24, 40)).tolist() == [number]
