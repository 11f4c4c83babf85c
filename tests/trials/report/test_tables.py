"""Lines and tables of trials for people."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from kerastune_ft.trials.records import TrialRecord
from kerastune_ft.trials.report.tables import (
    build_trials_table,
    describe_grid,
    describe_search,
    describe_trial,
    sort_trials,
)
from kerastune_ft.trials.settings import SearchSettings
from kerastune_ft.trials.study import COMPLETE, FAILED, PRUNED

KEYS = ("phases.head.learning_rate", "phases.head.weight_decay", "head.dropout")
TRIALS = [
    TrialRecord(0, dict.fromkeys(KEYS, 0.2), COMPLETE, 0.5, seconds=3.0),
    TrialRecord(1, dict.fromkeys(KEYS, 0.012345678), COMPLETE, 0.25, seconds=1.0),
    TrialRecord(2, dict.fromkeys(KEYS, 0.3), PRUNED),
    TrialRecord(3, dict.fromkeys(KEYS, 9.0), FAILED, error="DivergedError"),
    TrialRecord(4, dict.fromkeys(KEYS, 0.2), COMPLETE, 0.5, same_as=0),
]
SETTINGS = SearchSettings("validation_loss", False, "tpe", 0, True)
START = dict.fromkeys(KEYS, 0.2)


def test_trials_come_best_first_and_those_that_did_not_end_well_last() -> None:
    assert [each.number for each in sort_trials(TRIALS, False)] == [1, 0, 4, 2, 3]
    assert [each.number for each in sort_trials(TRIALS, True)] == [0, 4, 1, 2, 3]


def test_the_table_fits_a_terminal_and_says_what_each_was() -> None:
    text = io.StringIO()
    Console(file=text, width=80).print(build_trials_table(TRIALS, SETTINGS, START))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "0.01235" in text.getvalue()
    for said in ("as written", "same as 0", "pruned", "1 trial ended early"):
        assert said in text.getvalue()


def test_a_line_for_each_trial_and_sentences_at_the_end() -> None:
    line = describe_trial(TRIALS[1], TRIALS[:2], 5, SETTINGS)
    assert line.startswith("trial 1/4  val loss 0.2500  best  learning_rate 0.01235")
    assert describe_trial(TRIALS[2], TRIALS[:3], None, SETTINGS).startswith("trial 2  pruned  best 0.2500 (1)")
    said = describe_search(TRIALS, SETTINGS, START, {"head.dropout": 0.75, KEYS[0]: 0.25})
    assert said == [
        "best: trial 1 of 5, validation_loss 0.2500 (as written 0.5000)",
        "what matters: dropout 75 %, learning_rate 25 %",
    ]
    assert describe_search(TRIALS[2:4], SETTINGS, START, {}) == ["no trial is complete yet"]


def test_means_over_folds_stand_beside_their_deviation() -> None:
    settings = replace(SETTINGS, folds=4)
    trials = [replace(TRIALS[0], deviation=0.125), replace(TRIALS[1], deviation=None), TRIALS[2]]
    text = io.StringIO()
    Console(file=text, width=100).print(build_trials_table(trials, settings, None))
    for said in ("±", "0.1250", "over the same", "standard deviation"):
        assert said in text.getvalue()
    assert describe_search(trials[:1], settings, None, {}) == [
        "best: trial 0 of 1, validation_loss 0.5000 ± 0.1250 in 4 folds"
    ]


def test_what_a_grid_has_left_is_said_with_the_option_that_tries_it() -> None:
    said = "20 of the 1,400 combinations of the grid were tried; --trials 1400 tries all"
    assert describe_grid(20, 1400) == [said]
    assert describe_grid(24, 24) == describe_grid(5, 0) == []
