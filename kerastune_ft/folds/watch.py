"""What a cross-validation shows of the training of one fold: its progress, and nothing that is the same for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.training.watch import Watcher

_SHOWN = ("stored", "not stored", "epoch ")
"""The beginnings of the notes of a fold that are passed on: on features, and on updates that were skipped."""


class FoldWatcher(Watcher):
    """Passes the progress of a fold on as work, named by its fold and phase; its epochs are in its own files."""

    def __init__(self, watch: Watcher, name: str) -> None:
        """`watch` is that of the cross-validation, `name` what the fold is called there."""
        self._watch, self._name = watch, name
        self._phase: Mapping[str, Any] = {}

    def note(self, text: str) -> None:
        """Pass a sentence on where it says what others did not."""
        if text.startswith(_SHOWN):
            self._watch.note(f"{self._name}: {text}")

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Remember the phase."""
        self._phase = phase

    def step_done(self, step: int, loss: float | None) -> None:
        """Show how far the phase has come."""
        self._watch.work(f"{self._name}, {self._phase['name']}", step, self._phase["steps"])

    def work(self, what: str, done: int, total: int) -> None:
        """Pass the progress of other work on."""
        self._watch.work(f"{self._name}: {what}", done, total)

    def add_time(self, part: str, seconds: float) -> None:
        """Pass the time of a part on."""
        self._watch.add_time(part, seconds)
