"""`scripts/benchmark.py folds`: what its table says."""

from __future__ import annotations


def test_the_cost_of_all_folds_in_single_runs() -> None:
    from measurements.cross_validation import FOLDS, SINGLE, Cost, sheet

    single = [Cost(10.0, 12.0, 0.8), Cost(30.0, 12.0, 0.8), Cost(10.0, 12.0, 0.8)]
    made = sheet({SINGLE: single, FOLDS: [Cost(15.0, 18.0, 0.82)] * 3}, "caption")
    assert made.rows == [
        [SINGLE, "10.0", "12.0", "0.800"],
        [FOLDS, "15.0", "18.0", "0.820"],
        ["single runs", "1.50", "1.50", "-"],
    ]
