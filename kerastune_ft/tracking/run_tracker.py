"""Turns what a run reports into points of a tracker: every step once, however often the run is killed and resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from kerastune_ft.metrics.document import intervals_by_split
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import absolute, as_local_file
from kerastune_ft.tracking.figures import EPOCH, RUNNING_LOSS, describe_phase, list_parameters, name_final
from kerastune_ft.tracking.recorded import count_steps, count_steps_before, make_point, read_points
from kerastune_ft.tracking.sink import Begun, Has, Point, Sink, has_none, shorten_error
from kerastune_ft.training.watch import Watcher

TRACKERS = "trackers"
"""The key of manifest.json with the identities of a run in its trackers."""
FILES = ("report/index.html", "model/README.md", "model/card.json", "config.json")
_WITH_PATHS = ("config.json",)
# Seconds between two values of the loss within an epoch, and between two tries after a failure.
_BETWEEN_LOSSES, _AFTER_FAILURE = 1.0, 30.0


class RunTracker(Watcher):
    """A watcher that keeps a run in a tracker.

    What cannot be written waits and is tried again; that is said once, and never ends the run.
    """

    def __init__(self, kind: str, sink: Sink, run: RunDirectory, report: Callable[[str], None]) -> None:
        """`kind` is the name of the tracker, `run` the run's directory; `report` takes sentences for the user."""
        self._kind, self._sink, self._run, self._report = kind, sink, run, report
        self._begun: Begun | None = None
        self._phases: list[Mapping[str, Any]] = []
        self._phase: Mapping[str, Any] = {}
        self._base = self._step = 0
        self._waiting: list[Point] = []
        # The step after which all is removed at the next write; None where nothing is.
        self._back_to: int | None = None
        # None until it is asked for, by the first write.
        self._has: Has | None = None
        self._files: tuple[str, ...] = ()
        self._is_started = self._is_caught_up = self._has_failed = False
        self._last_write = self._last_loss = self._not_before = 0.0
        self._sent, self._parts = 0, list[str]()

    def state(self) -> Mapping[str, Any]:
        """Return the step of the last epoch that was written, and the parts of the run that were."""
        return {"step": self._sent, "parts": self._parts} if self._sent or self._parts else {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on after what was written."""
        self._sent, self._parts = int(state.get("step", 0)), list(state.get("parts", ()))

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        """Begin the tracker's run, or go on with it."""
        known = ((self._run.manifest() or {}).get(TRACKERS) or {}).get(self._kind) or {}
        name = directory.rstrip("/").rpartition("/")[2]
        self._begun = Begun(name, absolute(directory), list_parameters(config, plan), identity=known)
        self._files = tuple(each for each in FILES if config["output"]["examples"] or each not in _WITH_PATHS)
        self._phases = list(plan.get("phases") or ())
        self._write(at_once=True)

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        """Forget what the phase makes again, and say that it begins."""
        self._phase, self._step = phase, done_steps
        self._base = count_steps_before(self._run, self._phases, phase)
        self._go_back(self._base + done_steps)
        self._catch_up(self._base + done_steps)
        tag = f"phase/{'refit_of_' if phase.get('refit') else ''}{phase['name']}"
        self._waiting.append(Point(self._base, time.time(), texts={tag: describe_phase(phase)}))
        self._write()

    def step_done(self, step: int, loss: float | None) -> None:
        """Take the loss of an epoch under way."""
        if step < self._step:
            # The phase diverged and began again: what is there of these steps is of others.
            self._go_back(self._base)
            self._has = has_none
        self._step, now = step, time.monotonic()
        if loss is not None and not self._has_failed and now - self._last_loss >= _BETWEEN_LOSSES:
            self._last_loss = now
            self._waiting.append(Point(self._base + step, time.time(), {RUNNING_LOSS: loss}))
            self._write()

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        """Take the figures of an epoch."""
        self._step, self._last_loss = int(row["step"]), time.monotonic()
        self._waiting.append(make_point(row, self._phase, self._base, time.time()))
        self._write()

    def part_done(self, name: str, directory: str) -> None:
        """Take the epochs of a fold, their tags under its name and their steps its own."""
        if name in self._parts:
            return
        part = RunDirectory(directory)
        for point in read_points(part, part.read_json("plan.json")["phases"]):
            self._waiting.append(replace(point, figures={f"{name}/{tag}": each for tag, each in point.figures.items()}))
        self._parts.append(name)
        self._write(at_once=True)

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        """Take the figures of the final model, add the files that tell of the run, and say how it ended."""
        if self._begun is None:
            return
        total = self._base + self._step
        if metrics:
            total = count_steps(self._run, self._phases)
            self._catch_up(total)
        if metrics:
            intervals = intervals_by_split(self._run.read_json("metrics.json"))
            self._waiting.append(Point(total, time.time(), name_final(metrics, intervals)))
        self._write(at_once=True)
        if not self._is_started:
            return
        for name in filter(self._run.exists, self._files if metrics else ()):
            self._try(partial(self._add_file, name))
        self._try(lambda: self._sink.finish(state))

    def _add_file(self, name: str) -> None:
        with as_local_file(self._run.path / name) as path:
            self._sink.add_file(path, name)

    def _go_back(self, step: int) -> None:
        """Forget all after a step, at the next write."""
        self._waiting = [point for point in self._waiting if point.step <= step]
        self._back_to = step if self._back_to is None else min(step, self._back_to)

    def _catch_up(self, step: int) -> None:
        """Add what earlier processes recorded up to a step, of which the tracker may lack some."""
        if not self._is_caught_up:
            self._is_caught_up = True
            recorded = [point for point in read_points(self._run, self._phases) if point.step <= step]
            self._waiting = recorded + self._waiting

    def _write(self, at_once: bool = False) -> None:
        """Write what waits, unless a little more is to be waited for."""
        now = time.monotonic()
        if not at_once and (now < self._not_before or now - self._last_write < self._sink.pause):
            return
        self._last_write = now
        self._try(self._write_waiting)

    def _write_waiting(self) -> None:
        if not self._is_started:
            assert self._begun is not None
            identity = dict(self._sink.start(self._begun))
            others = (self._run.manifest() or {}).get(TRACKERS) or {}
            self._run.update_manifest(**{TRACKERS: {**others, self._kind: identity}})
            self._is_started = True
        if not self._waiting:
            return
        if self._back_to is not None:
            self._sink.forget_after(self._back_to)
            self._back_to = None
        if self._has is None:
            self._has = self._sink.find_sent(self._sent)
        points = [point.without(self._has) for point in self._waiting]
        self._sink.write([point for point in points if point.figures or point.texts])
        self._sent = max([self._sent, *(point.step for point in self._waiting if EPOCH in point.figures)])
        self._waiting = []

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (Exception, SystemExit) as error:
            self._not_before = time.monotonic() + _AFTER_FAILURE
            if not self._has_failed:
                self._has_failed = True
                self._report(
                    f"the tracker {self._kind} could not be written to and is tried again ({type(error).__name__}: "
                    f"{shorten_error(error)}); the run goes on"
                )
        else:
            if self._has_failed:
                self._has_failed, self._not_before = False, 0.0
                self._report(f"the tracker {self._kind} is written to again, with what waited")
