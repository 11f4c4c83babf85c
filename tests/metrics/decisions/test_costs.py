from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.metrics.decisions.costs import (
    Policy,
    choose_cheapest,
    describe_policies,
    price_threshold,
    read_matrix,
    read_pair,
    read_pairs,
)
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.intervals.draws import draw_counts

RANDOM = np.random.default_rng(11)
PAIR = {"missed": 10, "false_alarm": 1}


def test_the_cheapest_threshold_is_found() -> None:
    positive = RANDOM.random(70) < 0.3
    scored = Scored("ill", positive, np.round(np.clip(RANDOM.normal(0.4 + 0.3 * positive, 0.25), 0, 1), 2))
    for missed, alarm in ((10, 1), (1, 10), (1, 1), (0, 1), (1, 0)):
        threshold = choose_cheapest(scored, missed, alarm)

        def cost(at: float, missed: float = missed, alarm: float = alarm) -> float:
            return sum(
                missed * (own and score < at) + alarm * (not own and score >= at)
                for own, score in zip(scored.is_positive, scored.scores, strict=True)
            )

        assert cost(threshold) == min(cost(at) for at in [*np.unique(scored.scores), 1.5])
        assert price_threshold(scored, threshold, missed, alarm).sum() == cost(threshold)


def test_differences_are_of_pairs() -> None:
    first, other = RANDOM.random(40), RANDOM.random(40)
    groups = [str(number // 4) for number in range(40)]
    for own in (None, groups):
        rows = describe_policies([Policy("a", first), Policy("b", other, {"ill": 0.3})], own)
        counts = np.concatenate(list(draw_counts(40, own)), axis=1)
        assert (rows[0]["cost"], rows[1]["cost"]) == pytest.approx((first.mean(), other.mean()))
        assert rows[0]["difference"] is None
        assert rows[1]["difference"] == pytest.approx(other.mean() - first.mean())
        wanted = np.quantile((other - first) @ counts / counts.sum(axis=0), [0.025, 0.975])
        assert list(rows[1]["difference_interval"]) == pytest.approx(list(wanted), rel=1e-4)
        assert rows[1]["thresholds"] == {"ill": 0.3}


def test_costs_are_read() -> None:
    assert read_pair(PAIR, "costs") == (10, 1)
    assert read_pairs(PAIR, ["a", "b"]) == {"a": (10, 1), "b": (10, 1)}
    own = {"a": {"missed": 2, "false_alarm": 0.5}, "otherwise": PAIR}
    assert read_pairs(own, ["a", "b"]) == {"a": (2, 0.5), "b": (10, 1)}
    matrix = read_matrix({"b": {"c": 20, "b": 0.5}, "c": {"otherwise": 3}, "otherwise": 1}, ["a", "b", "c"])
    assert matrix.tolist() == [[0, 1, 1], [1, 0.5, 20], [3, 3, 0]]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([1], "no object"),
        ({"x": {"a": 1}, "otherwise": 1}, "no class 'x'"),
        ({"a": {"x": 1}, "otherwise": 1}, "costs.a: there is no class 'x'"),
        ({"a": {"b": 1}}, "nothing is said of 'b' taken for 'a'"),
        ({"a": {"b": -1}, "otherwise": 1}, "costs.a.b: a cost is a number from 0 on"),
        ({"a": {"b": "1"}, "otherwise": 1}, "a cost is a number"),
        ({"a": {"b": True}, "otherwise": 1}, "a cost is a number"),
        ({"otherwise": float("nan")}, "a cost is a number"),
    ],
)
def test_faulty_costs_are_refused(document: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_matrix(document, ["a", "b"])


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"missed": 1}, "write"),
        ({"a": {"missed": 1}, "otherwise": PAIR}, "costs.a: write"),
        ({"a": PAIR}, "nothing is said of 'b'"),
        ({"a": PAIR, "x": PAIR}, "no class 'x'"),
        ({**PAIR, "missed": -1}, "costs.missed"),
    ],
)
def test_faulty_pairs_are_refused(document: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_pairs(document, ["a", "b"])
