from __future__ import annotations

from typing import Any

from kerastune_ft.folds.watch import FoldWatcher
from kerastune_ft.training.watch import Watcher


class Heard(Watcher):
    def __init__(self) -> None:
        self.lines: list[Any] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    def work(self, what: str, done: int, total: int) -> None:
        self.lines.append((what, done, total))

    def epoch_done(self, row: Any, is_best: bool) -> None:
        raise AssertionError("the epochs of folds are in their own files")


def test_progress_is_named_by_fold_and_what_all_say_alike_is_left_out() -> None:
    heard = Heard()
    watch = FoldWatcher(heard, "fold 2 of 5")
    watch.note("the head sits on features")
    watch.note("stored features of 40 examples in 1 s")
    watch.phase_started({"name": "head", "steps": 30}, 0)
    watch.step_done(7, 0.5)
    watch.work("evaluating validation", 8, 16)
    watch.epoch_done({}, True)
    assert heard.lines == [
        "fold 2 of 5: stored features of 40 examples in 1 s",
        ("fold 2 of 5, head", 7, 30),
        ("fold 2 of 5: evaluating validation", 8, 16),
    ]
