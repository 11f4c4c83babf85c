"""Writes into events.jsonl how long a run worked and on what, process by process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.watch import Watcher

STARTED, SPENT, ENDED = "started", "spent", "ended"
"""Events: the first step is due, a part of the work is done, the process stops. Each has `elapsed`, the seconds since
the process took up the run, and `cpu`, those that its threads computed since then, so that of a killed one all but the
end is known."""


class Timekeeper(Watcher):
    """Adds events on time to events.jsonl; made where a process takes up a run."""

    def __init__(self, run: RunDirectory) -> None:
        self._run, self._began, self._computed = run, time.monotonic(), time.process_time()

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Write that data, model and plan are there."""
        self._write(STARTED)

    def add_time(self, part: str, seconds: float) -> None:
        """Write how long a part took."""
        self._write(SPENT, part=part, seconds=round(seconds, 3))

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Write that the process stops, and in which state it leaves the run."""
        self._write(ENDED, state=state)

    def _write(self, event: str, **fields: Any) -> None:
        computed = round(time.process_time() - self._computed, 3)
        self._run.event(event, **fields, elapsed=round(time.monotonic() - self._began, 3), cpu=computed)
