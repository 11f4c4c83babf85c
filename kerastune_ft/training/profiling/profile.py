"""Measures where the time of a run goes, phase by phase, and traces a few steps of each phase."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.profiling.clock import STEP, VALIDATION, Clock
from kerastune_ft.training.watch import Watcher

FOLDER = "profile"
FILE = f"{FOLDER}/profile.json"
"""What was measured: seconds by part, of the phases and of the whole process."""
TRACE = "trace.json"
"""In the folder of each phase: what the process did in the traced steps, in the format of chrome://tracing."""
FIRST = "first step"
"""The first call in a phase, which also traces and compiles the step."""
OTHER = "other"
START, PHASES = "start", "phases"
_TRACED = 5
"""Calls of the step that are traced, from the second on; a call makes many steps where they are small."""
Item = TypeVar("Item")


class Profile(Watcher, Clock):
    """A clock that keeps the seconds of every part, and a watcher that writes them down when the process ends.

    It waits for the device after each call of the step, so that the time of a step is its own; what is computed stays
    the same.
    """

    def __init__(self, run: RunDirectory) -> None:
        """`run` is the run that the process takes up."""
        self._run = run
        self._began = self._phase_began = time.perf_counter()
        # Parts under way, the innermost last, and since when the innermost counts.
        self._parts: list[str] = []
        self._since = self._began
        self._whole: dict[str, float] = {}
        self._phases: list[dict[str, Any]] = []
        self._seconds: dict[str, float] = {}
        self._steps = self._calls = 0
        self._spans: list[tuple[str, float, float]] = []
        self._is_traced = self._is_profiled = False
        self._failure = ""

    @contextlib.contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Add the time within to a part; parts within a validation belong to it."""
        if VALIDATION in self._parts:
            yield
            return
        part = self._begin_step() if part == STEP else part
        self._count()
        self._parts.append(part)
        began = self._since
        try:
            yield
        finally:
            self._count()
            self._parts.pop()
            if self._is_traced:
                self._spans.append((part, began, self._since))
            if part in (STEP, FIRST) and self._calls > _TRACED:
                self._end_trace()

    def iterate(self, part: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items; the time that each is waited for goes into a part."""
        iterator = iter(items)
        while True:
            with self.measure(part):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item

    def settle(self, result: Item) -> Item:
        """Wait until a result is there, and return it."""
        import tensorflow as tf

        tf.test.experimental.sync_devices()
        return result

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Take the time until data, model and plan were there."""
        self._whole.setdefault(START, time.perf_counter() - self._began)

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Begin with a phase."""
        self._seconds, self._calls, self._steps = {}, 0, done_steps
        name = f"refit of {phase['name']}" if phase.get("refit") else str(phase["name"])
        self._phases.append({"name": name, "steps": 0, "seconds": 0.0, "parts": self._seconds, "trace": None})
        self._phase_began = self._since = time.perf_counter()

    def step_done(self, step: int, loss: float | None) -> None:
        """Count the steps."""
        if self._phases:
            # Fewer than before where a phase diverged and began again.
            self._phases[-1]["steps"] += max(0, step - self._steps)
            self._steps = step

    def phase_done(self, result: Mapping[str, Any]) -> None:
        """End with the phase; where a solver set its head, that is its whole time."""
        self._end_phase()

    def add_time(self, part: str, seconds: float) -> None:
        """Take the time of a part outside the phases."""
        self._whole[part] = self._whole.get(part, 0.0) + seconds

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Write down where the time went."""
        self._end_phase()
        total = time.perf_counter() - self._began
        in_phases = sum(phase["seconds"] for phase in self._phases)
        found = {**self._whole, PHASES: in_phases}
        found[OTHER] = max(0.0, total - sum(found.values()))
        document = {
            "state": state,
            "seconds": round(total, 3),
            "parts": {part: round(seconds, 3) for part, seconds in found.items()},
            "phases": self._phases,
        }
        self._run.commit_json(FILE, document)
        if self._failure:
            self._run.append("log.txt", f"no trace by TensorFlow: {self._failure}")

    def close(self) -> None:
        """End a trace that is under way."""
        self._end_trace()

    def _count(self) -> None:
        """Add the time since the last change to the part that is under way."""
        now = time.perf_counter()
        if self._parts:
            part = self._parts[-1]
            self._seconds[part] = self._seconds.get(part, 0.0) + now - self._since
        self._since = now

    def _begin_step(self) -> str:
        """Count a call of the step; begin the trace at the second one of a phase."""
        self._calls += 1
        if self._calls == 1:
            return FIRST
        if self._calls == 2:
            self._begin_trace()
        return STEP

    def _end_phase(self) -> None:
        if not self._phases or self._phases[-1]["seconds"]:
            return
        self._end_trace()
        phase = self._phases[-1]
        phase["seconds"] = round(time.perf_counter() - self._phase_began, 6)
        parts = {part: round(seconds, 6) for part, seconds in self._seconds.items()}
        phase["parts"] = {**parts, OTHER: round(max(0.0, phase["seconds"] - sum(parts.values())), 6)}

    def _begin_trace(self) -> None:
        self._is_traced, self._spans = True, []
        folder = self._name_folder()
        self._phases[-1]["trace"] = folder
        import tensorflow as tf

        try:
            tf.profiler.experimental.start(os.fspath(self._run.path / folder))
            self._is_profiled = True
        except Exception as error:
            # Another profiler may be at work in this process.
            self._failure = " ".join(str(error).split())

    def _end_trace(self) -> None:
        if not self._is_traced:
            return
        self._is_traced = False
        if self._is_profiled:
            self._is_profiled = False
            import tensorflow as tf

            try:
                tf.profiler.experimental.stop()
            except Exception as error:
                self._failure = " ".join(str(error).split())
        events = [
            {"name": part, "ph": "X", "pid": 1, "tid": 1, "ts": 1e6 * (begin - self._began), "dur": 1e6 * (end - begin)}
            for part, begin, end in self._spans
        ]
        self._run.commit(f"{self._name_folder()}/{TRACE}", json.dumps({"traceEvents": events}))

    def _name_folder(self) -> str:
        return f"{FOLDER}/{len(self._phases) - 1:02d}-{self._phases[-1]['name'].replace(' ', '_')}"
