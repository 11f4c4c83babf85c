from __future__ import annotations

import math

import pytest

from kerastune_ft.metrics.intervals.wilson import round_end, share_interval


@pytest.mark.parametrize(
    ("hits", "examples", "expected"),
    [
        # From the solutions of |p - hits / n| = z * sqrt(p * (1 - p) / n), found by bisection.
        (20, 20, (0.8389, 1.0)),
        (1, 1, (0.2065, 1.0)),
        (0, 5, (0.0, 0.4345)),
        (81, 100, (0.7222, 0.8749)),
    ],
)
def test_a_share_has_the_interval_of_wilson(hits: int, examples: int, expected: tuple[float, float]) -> None:
    assert share_interval(hits, examples) == pytest.approx(expected, abs=6e-5)
    share = hits / examples
    for end in share_interval(hits, examples):
        if 0 < end < 1:
            reach = 1.959963984540054 * math.sqrt(end * (1 - end) / examples)
            assert abs(end - share) == pytest.approx(reach, rel=1e-4)


def test_nothing_is_known_without_examples() -> None:
    assert all(map(math.isnan, share_interval(0, 0)))


def test_ends_have_six_digits() -> None:
    assert round_end(0.123456789) == 0.123457
    assert round_end(123456789.0) == 123457000.0
