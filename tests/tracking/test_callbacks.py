"""Callbacks that a caller gives: each kind is told of the run, and an error in one is a note."""

from __future__ import annotations

from typing import Any

import keras
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.tracking.callbacks import make_watchers
from kerastune_ft.training.watch import Watcher, Watchers

ROW = {"phase": "head", "epoch": 1, "step": 3, "seconds": 0.1, "train_loss": 0.5, "validation_loss": 0.4}


def test_callbacks_of_each_kind_are_told_and_an_error_is_a_note() -> None:
    seen: list[Any] = []

    class Some:
        def epoch_done(self, row: dict[str, Any], is_best: bool) -> None:
            seen.append((row["epoch"], is_best))

        def note(self, text: str) -> None:
            seen.append(text)

    class Whole(Watcher):
        def epoch_done(self, row: Any, is_best: bool) -> None:
            raise ValueError("no")

    class OfKeras(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            seen.append(self.params["epochs"])

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((epoch, logs))

        def on_train_end(self, logs: Any = None) -> None:
            seen.append(logs)

    watchers = Watchers(make_watchers([Some(), OfKeras(), Whole()]))
    watchers.run_started("run", {}, {"phases": [{"epochs": 2}, {"epochs": 3}]})
    watchers.epoch_done(ROW, True)
    watchers.epoch_done({**ROW, "epoch": 2}, False)
    watchers.run_done("done", "", {"validation": {"loss": 0.4}})
    failed = [text for text in seen if isinstance(text, str)]
    assert [each for each in seen if not isinstance(each, str)] == [
        5,
        (1, True),
        (0, {"loss": 0.5, "val_loss": 0.4}),
        (2, False),
        (1, {"loss": 0.5, "val_loss": 0.4}),
        {"loss": 0.4},
    ]
    assert failed == ["the watcher Whole failed and receives no further events (ValueError: no); the run goes on"]


def test_two_callbacks_of_a_class_are_two_and_what_observes_nothing_is_refused() -> None:
    class Some:
        def note(self, text: str) -> None: ...

    assert list(make_watchers([Some(), Some()])) == ["Some", "Some 2"]
    assert list(make_watchers(Some())) == ["Some"]
    with pytest.raises(ConfigError, match="callbacks: object has none of the methods run_started, "):
        make_watchers([object()])


def test_a_callback_of_keras_counts_epochs_on_where_a_run_was_interrupted() -> None:
    class Counting(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(epoch)

    def train(watcher: Watcher, phase: dict[str, Any], epochs: list[int]) -> None:
        watcher.phase_started(phase, 0)
        for epoch in epochs:
            watcher.epoch_done({**ROW, "phase": phase["name"], "epoch": epoch}, False)

    seen: list[int] = []
    head, top = {"name": "head"}, {"name": "top"}
    first, other = (make_watchers(Counting())["Counting"] for _ in range(2))
    train(first, head, [1, 2])
    train(first, top, [1, 2])
    other.restore(first.state())
    # The second epoch came after the last checkpoint.
    train(other, top, [2, 3])
    train(other, {**head, "refit": {"epochs": 1}}, [1])
    assert seen == [0, 1, 2, 3, 3, 4, 5]
