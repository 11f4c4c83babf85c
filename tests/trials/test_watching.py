"""A trial that is watched: its curve, when its end is asked for, and whose requests stop it."""

from __future__ import annotations

import pytest

from kerastune_ft.errors import Interrupted
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.pruning import Point
from kerastune_ft.trials.watching import CurveWatcher, TrialStop, make_judge, read_point

OTHERS = [[Point("head", epoch, 0.1) for epoch in (1, 2, 3)]] * 5


def row(epoch: int, value: object, phase: str = "head") -> dict:
    return {"phase": phase, "epoch": epoch, "validation_loss": value}


class Notes(Watcher):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def watch(epochs: int, prunes: bool = True) -> tuple[CurveWatcher, TrialStop]:
    stop = TrialStop(StopRequest())
    judge = make_judge(OTHERS, maximise=False, prunes=prunes)
    return CurveWatcher(Notes(), set(), "validation_loss", {"head": epochs}, stop, judge), stop


def test_the_end_of_a_hopeless_trial_is_asked_for_once_and_waits_for_the_step() -> None:
    watcher, stop = watch(3)
    with pytest.raises(Interrupted), stop.defer():
        watcher.epoch_done(row(1, 0.5), True)
        assert stop.reason is None
        watcher.epoch_done(row(2, 0.4), True)
        assert stop.reason == "pruned"
        watcher.epoch_done(row(3, 0.3), True)
    assert stop.pruned_after == Point("head", 2, 0.4)


def test_not_after_the_last_epoch_nor_where_nothing_is_pruned() -> None:
    for watcher, stop in (watch(2), watch(3, prunes=False)):
        for epoch in (1, 2):
            watcher.epoch_done(row(epoch, 0.5), False)
        assert stop.reason is None


def test_epochs_of_before_are_judged_as_they_were(epochs: int = 5) -> None:
    watcher, stop = watch(epochs)
    watcher.take_up([row(1, "0.5"), row(2, "0.4"), row(3, "0.05")])
    assert stop.pruned_after == Point("head", 2, 0.4)
    assert [point.value for point in watcher.curve] == [0.5, 0.4, 0.05]


def test_epochs_of_before_a_phase_began_again_do_not_count() -> None:
    watcher, stop = watch(5)
    for epoch, value in ((1, 0.05), (2, 0.5), (1, float("nan")), (2, 0.4)):
        watcher.epoch_done(row(epoch, value), False)
    assert watcher.curve == [Point("head", 2, 0.4)], "as a search that was killed meanwhile has it"
    assert stop.pruned_after == Point("head", 2, 0.4)


def test_values_that_are_not_defined_are_no_points() -> None:
    assert read_point(row(1, ""), "validation_loss") is None
    assert read_point(row(1, None), "validation_loss") is None
    assert read_point(row(1, float("nan")), "validation_loss") is None


def test_a_request_to_stop_the_search_stops_the_trial_and_is_not_pruning() -> None:
    search = StopRequest()
    stop = TrialStop(search)
    with pytest.raises(Interrupted, match="SIGTERM"), stop.defer():
        search.ask("SIGTERM")
        assert stop.reason == "SIGTERM"
    assert stop.pruned_after is None


def test_each_note_is_passed_on_once() -> None:
    watcher, _ = watch(3)
    for text in ("stored", "stored", "other"):
        watcher.note(text)
    assert watcher._inner.notes == ["stored", "other"]  # type: ignore[attr-defined]
