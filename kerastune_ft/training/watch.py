"""What a run tells those who watch it. Watchers observe; they never steer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Watch:
    """Receives the events of a run; this one keeps silent."""

    def note(self, text: str) -> None:
        """Take a sentence for the user."""

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Take the phase's entry in plan.json and the steps that an interrupted run made before."""

    def step_done(self, step: int, loss: float | None) -> None:
        """Take the number of updates made in the phase and the latest loss, where it is known."""

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        """Take the epoch's row of history.csv."""

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """Take the phase's entry in manifest.json."""

    def work(self, what: str, done: int, total: int) -> None:
        """Take the progress of other slow work: evaluation, extraction."""

    def close(self) -> None:
        """Know that the run ended, well or not."""
