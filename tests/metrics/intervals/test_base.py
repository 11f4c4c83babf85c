from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from kerastune_ft.metrics.intervals.base import Sample, average, find_intervals
from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.wilson import share_interval

VALUES = np.random.default_rng(1).normal(size=60)


def test_a_mean_has_the_quantiles_of_its_resamples() -> None:
    by_hand = []
    for counts in np.concatenate(list(draw_counts(60)), axis=1).T:
        by_hand.append(np.repeat(VALUES, counts.astype(int)).mean())
    ranked = sorted(by_hand)
    # Between the values of ranks 24 and 25, and 974 and 975, at 97.5 % and 2.5 % of the way: 0.025 * 999 = 24.975.
    low = ranked[24] + 0.975 * (ranked[25] - ranked[24])
    high = ranked[974] + 0.025 * (ranked[975] - ranked[974])
    found = find_intervals(Sample(60, means={"loss": VALUES}))
    assert found == {"loss": pytest.approx((low, high), rel=1e-5)}


def test_examples_of_one_group_stay_together() -> None:
    # Ten patients with 20 pictures that are all alike: the pictures say no more than one each would.
    values = np.repeat(np.random.default_rng(2).normal(size=10), 20)
    groups = [f"patient {number // 20}" for number in range(200)]
    alone, grouped = (find_intervals(Sample(200, means={"loss": values}), given)["loss"] for given in (None, groups))
    single = find_intervals(Sample(10, means={"loss": values[::20]}))["loss"]
    assert grouped == single
    assert grouped[1] - grouped[0] > 3 * (alone[1] - alone[0])


def test_groups_of_one_example_are_none() -> None:
    right = np.array([1.0, 0, 1, 1, 0, 1])
    sample = Sample(6, proportions={"accuracy": right})
    assert find_intervals(sample, list("abcdef")) == find_intervals(sample)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_all_or_none_of_some_groups_is_no_certainty(share: float) -> None:
    groups = [f"patient {number // 5}" for number in range(40)]
    found = find_intervals(Sample(40, proportions={"accuracy": np.full(40, share)}), groups)
    assert found == {"accuracy": share_interval(8 * share, 8)}


def test_a_share_of_groups_is_resampled() -> None:
    right = np.array([1.0, 1, 1, 0, 0, 0, 1, 0])
    groups = list("aaabbbcc")
    found = find_intervals(Sample(8, proportions={"accuracy": right}), groups)["accuracy"]
    means = [average(right, counts) for counts in draw_counts(8, groups)]
    assert found == pytest.approx(np.quantile(np.concatenate(means), [0.025, 0.975]), rel=1e-5)


def test_examples_that_do_not_count_are_left_out() -> None:
    hits = np.array([1.0, np.nan, 0, np.nan, 1])
    assert find_intervals(Sample(5, proportions={"sensitivity": hits})) == {"sensitivity": share_interval(2, 3)}
    counts = np.array([[2.0, 0], [1, 4], [1, 0], [0, 1], [1, 0]])
    assert average(hits, counts) == pytest.approx([0.75, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("defined", "expected"), [(501, (1.0, 2.0)), (500, None)], ids=["in most resamples", "in half of them"]
)
def test_a_metric_must_be_defined_in_most_resamples(defined: int, expected: Sequence[float] | None) -> None:
    values = np.where(np.arange(1000) < defined, np.where(np.arange(1000) % 2, 1.0, 2.0), np.nan)
    taken = iter(np.split(values, np.cumsum([counts.shape[1] for counts in draw_counts(3)])[:-1]))
    found = find_intervals(Sample(3, compute=lambda counts: {"auc": next(taken)}))
    assert found == ({} if expected is None else {"auc": expected})


def test_nothing_is_said_where_all_resamples_agree() -> None:
    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {"auc": np.ones(counts.shape[1]), "kappa": np.full(counts.shape[1], np.nan)}

    assert find_intervals(Sample(4, means={"loss": np.full(4, 0.1)}, compute=compute)) == {}
    assert find_intervals(Sample(1, proportions={"accuracy": np.ones(1)}, compute=compute)) == {
        "accuracy": share_interval(1, 1)
    }
    assert find_intervals(Sample(0)) == {}


def test_what_is_ranked_has_fewer_resamples_or_none() -> None:
    drawn = {"compute": 0, "rank": 0}

    def make(classes: int) -> Sample:
        def count(name: str, counts: np.ndarray) -> dict[str, np.ndarray]:
            drawn[name] += counts.shape[1]
            return {name: counts[0]}

        return Sample(
            10_000,
            compute=lambda counts: count("compute", counts),
            rank=lambda counts: count("rank", counts),
            ranked_classes=classes,
        )

    assert set(find_intervals(make(100))) == {"compute", "rank"}
    assert drawn == {"compute": 1000, "rank": 500}
    assert set(find_intervals(make(1001))) == {"compute"}
