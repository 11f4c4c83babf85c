from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.intervals.draws import RESAMPLES, count_groups, count_resamples, draw_counts, number_groups


def test_draws_are_those_of_the_raw_numbers_by_hand() -> None:
    counts = np.concatenate(list(draw_counts(7, resamples=5)), axis=1)
    raw = np.random.PCG64(0).random_raw(35).reshape(5, 7)
    by_hand = np.zeros((7, 5))
    for resample in range(5):
        for number in raw[resample]:
            by_hand[((int(number) >> 32) * 7) >> 32, resample] += 1
    assert (counts == by_hand).all()
    # These stand in intervals of runs that are there: they must be the same in every version, on every machine.
    assert counts[:, 0].tolist() == [2, 1, 0, 0, 2, 1, 1]


def test_every_resample_draws_as_many_examples_as_there_are_and_all_alike() -> None:
    counts = np.concatenate(list(draw_counts(300)), axis=1)
    assert counts.shape == (300, RESAMPLES)
    assert (counts.sum(axis=0) == 300).all()
    # Each example is drawn once in the mean, with the variance of a binomial distribution.
    assert np.abs(counts.mean(axis=1) - 1).max() < 5 * np.sqrt(1 / RESAMPLES)
    assert abs(counts.var() - 299 / 300) < 0.02


def test_pieces_and_the_number_of_resamples_change_no_draw() -> None:
    # 200,000 examples are drawn one resample at a time, 100 all at once.
    for examples in (100, 200_000):
        few, more = (np.concatenate(list(draw_counts(examples, resamples=number)), axis=1) for number in (2, 3))
        assert (few == more[:, :2]).all()


def test_groups_are_drawn_whole() -> None:
    groups = ["b", "a", "b", "c", "b"]
    assert number_groups(groups).tolist() == [0, 1, 0, 2, 0]
    counts = np.concatenate(list(draw_counts(5, groups, resamples=400)), axis=1)
    assert (counts[0] == counts[2]).all()
    assert (counts[0] == counts[4]).all()
    assert (counts[[0, 1, 3]].sum(axis=0) == 3).all()
    assert set(counts[0]) == {0, 1, 2, 3}


def test_large_splits_have_fewer_resamples() -> None:
    assert count_resamples(10_000) == count_resamples(500_000) == 1000
    assert count_resamples(1_000_000) == 500
    assert count_resamples(10**9) == 200
    assert count_resamples(10_000, work=100) == 500


def test_groups_of_one_example_each_are_none() -> None:
    assert count_groups(None, 3) is None
    assert count_groups(["a", "b", "c"], 3) is None
    assert count_groups(["a", "b", "b"], 3) == 2
