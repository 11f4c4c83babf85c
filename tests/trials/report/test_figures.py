"""Pictures of a search, drawn of numbers, words and objects."""

from __future__ import annotations

from kerastune_ft.reporting.drawing import render_svg
from kerastune_ft.trials.records import TrialRecord
from kerastune_ft.trials.report import figures
from kerastune_ft.trials.study import COMPLETE, FAILED

TRIALS = [
    *(
        TrialRecord(at, {"rate": 10.0**-at, "unfreeze": {"last": at % 2}, "n": at}, COMPLETE, 1 / (1 + at))
        for at in range(4)
    ),
    TrialRecord(4, {"rate": 9.0, "unfreeze": "none", "n": 1}, FAILED),
]


def test_the_best_so_far_is_a_line_that_never_rises() -> None:
    (axis,) = figures.draw_history(TRIALS, "validation_loss", False).axes
    assert list(axis.lines[0].get_ydata()) == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 4]
    assert len(axis.lines[1].get_xdata()) == 4, "a mark for each complete trial"


def test_a_panel_for_each_key_on_the_scale_that_suits_it() -> None:
    found = figures.draw_slices(TRIALS, "validation_loss")
    assert list(found) == ["rate", "unfreeze", "n"]
    axes = [axis for figure in found.values() for axis in figure.axes]
    assert axes[0].get_title(loc="left") == "validation loss by rate"
    assert [axis.get_xscale() for axis in axes] == ["log", "linear", "linear"]
    assert [label.get_text() for label in axes[1].get_xticklabels()] == ['{"last": 0}', '{"last": 1}']


def test_every_complete_trial_is_a_line_from_its_values_to_its_metric() -> None:
    (axis,) = figures.draw_parallel(TRIALS, "validation_loss", False).axes
    assert len(axis.lines) == 4
    best = axis.lines[-1].get_ydata()
    assert list(best) == [0, 1, 1, 0], "smallest rate, last choice, largest n, smallest loss"


def test_importances_and_the_whole_are_drawn_too() -> None:
    (axis,) = figures.draw_importances({"a.rate": 0.7, "a.n": 0.3}).axes
    assert [round(bar.get_width(), 2) for bar in axis.patches] == [0.3, 0.7]
    whole = figures.draw_search(TRIALS, "validation_loss", False, {"rate": 1.0})
    assert len(whole.axes) == 2
    assert render_svg(whole, "search").startswith("<svg")
