"""Watchers: receivers of a run's events, such as progress bars and trackers. They observe and never steer.

To stop a run, or to prune it, ask its `StopRequest`.
"""

from __future__ import annotations

import contextlib
import copy
import json
import time
from collections.abc import Mapping
from typing import Any

from kerastune_ft.rundir import RunDirectory

STATE_FILE = "watchers.json"
# Seconds between two writes of the states of watchers at the ends of epochs, which may follow each other fast.
_SECONDS_BETWEEN_WRITES = 1.0


class Watcher:
    """Receives the events of a run; this one does nothing with them.

    A resumed run repeats the events of what an interrupted one did after its last checkpoint: `phase_started` says
    after which step it goes on.
    """

    def state(self) -> Mapping[str, Any]:
        """Return what a resumed run gives back to `restore`, as a JSON object; empty where there is nothing to keep."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take what `state` returned in the interrupted run; called before `run_started`, where there is any."""

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Take the run's directory and what its config.json and plan.json hold; no step is trained yet."""

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

    def part_done(self, name: str, directory: str) -> None:
        """Take that a part of the run is done which is a run of its own, such as a fold, and its directory."""

    def work(self, what: str, done: int, total: int) -> None:
        """Take the progress of other slow work: evaluation, extraction."""

    def add_time(self, part: str, seconds: float) -> None:
        """Take the time that a part of the run took: `features`, `evaluation` or `saving`; phases have their epochs."""

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Take how the run ended: `done`, `interrupted` or `failed`, why, and what metrics.json holds if it is done."""

    def close(self) -> None:
        """Release what is held; the last call, whether the run ended well or not."""


class Watchers(Watcher):
    """Passes every event on to several watchers and keeps their states in the run directory.

    An error in a watcher never ends the run: it becomes one note, and the watcher receives no further events. Each gets
    copies of its own, so that none can change what the run goes on with.
    """

    def __init__(self, watchers: Mapping[str, Watcher], run: RunDirectory | None = None) -> None:
        """`watchers` are by name; `run` is where their states are kept, None where nothing is resumed."""
        self._watchers, self._run = dict(watchers), run
        self._failed: dict[str, Watcher] = {}
        self._written: dict[str, Any] = {}
        self._last_written = time.monotonic()

    def state(self) -> dict[str, Any]:
        """Return the states by the names of the watchers; one that failed keeps what it had."""
        states = dict(self._written)
        for name in list(self._watchers):
            if state := self._call(name, "state"):
                states[name] = state
        return states

    def restore(self, state: Mapping[str, Any]) -> None:
        """Give every watcher its state back."""
        for name in [name for name in self._watchers if name in state]:
            self._call(name, "restore", state[name])

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Restore the states that an interrupted run left, then pass the event on."""
        if self._run is not None and self._run.exists(STATE_FILE):
            self._written = self._run.read_json(STATE_FILE)
            self.restore(self._written)
        self._pass_on("run_started", directory, config, plan)
        self._write_states()

    def note(self, text: str) -> None:
        """Pass a sentence on."""
        self._pass_on("note", text)

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Pass on that a phase begins or goes on."""
        self._pass_on("phase_started", phase, done_steps)

    def step_done(self, step: int, loss: float | None) -> None:
        """Pass on that updates were made."""
        self._pass_on("step_done", step, loss)

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        """Pass on that an epoch ended."""
        self._pass_on("epoch_done", row, is_best)
        if time.monotonic() - self._last_written >= _SECONDS_BETWEEN_WRITES:
            self._write_states()

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """Pass on that a phase ended."""
        self._pass_on("phase_done", result)
        self._write_states()

    def part_done(self, name: str, directory: str) -> None:
        """Pass on that a part of the run is done."""
        self._pass_on("part_done", name, directory)
        self._write_states()

    def work(self, what: str, done: int, total: int) -> None:
        """Pass on the progress of other work."""
        self._pass_on("work", what, done, total)

    def add_time(self, part: str, seconds: float) -> None:
        """Pass on the time that a part of the run took."""
        self._pass_on("add_time", part, seconds)

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Pass on how the run ended."""
        self._pass_on("run_done", state, message, metrics)
        self._write_states()

    def close(self) -> None:
        """Close every watcher, also those that failed."""
        self._pass_on("close")
        failed, self._failed = self._failed, {}
        for watcher in failed.values():
            # Its first failure was reported.
            with contextlib.suppress(Exception):
                watcher.close()

    def _pass_on(self, event: str, *values: Any) -> None:
        for name in list(self._watchers):
            self._call(name, event, *values)

    def _call(self, name: str, event: str, *values: Any) -> Any:
        # A note about another one's failure may have shown that this one fails too.
        watcher = self._watchers.get(name)
        if watcher is None:
            return None
        try:
            # States are the only answers, and are to be written as JSON.
            return json.loads(json.dumps(getattr(watcher, event)(*copy.deepcopy(values))))
        except Exception as error:
            self._failed[name] = self._watchers.pop(name)
            self.note(
                f"the watcher {name} failed and receives no further events ({type(error).__name__}: {error}); "
                "the run goes on"
            )
            return None

    def _write_states(self) -> None:
        states = self.state()
        if self._run is not None and states != self._written:
            self._run.commit_json(STATE_FILE, states)
            self._written = states
        self._last_written = time.monotonic()
