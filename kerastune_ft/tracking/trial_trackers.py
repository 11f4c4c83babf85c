"""Trials of a search in trackers: each is a run of its own, grouped by the search, and written when it has ended."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import absolute
from kerastune_ft.tracking.figures import keep_finite
from kerastune_ft.tracking.sink import Begun, Point, Sink, has_none, shorten_error

FILE = "trackers.json"
"""In the directory of a search: by tracker and number of the trial, the identity of its run."""


@dataclass(frozen=True)
class TrackedTrial:
    """What trackers get of a trial that ended."""

    number: int
    values: Mapping[str, Any]
    """The values of the space, by key."""
    curve: Sequence[float]
    """The metric by epoch, over all phases; by fold where it is measured so."""
    metric: str
    final: Mapping[str, float]
    has_failed: bool
    time: float
    """When it ended, in seconds since 1970."""


class TrialTrackers:
    """Writes trials into trackers, each once; what cannot be written is said once and tried with the next trial."""

    def __init__(
        self, open_sinks: Mapping[str, Callable[[int], Sink]], search: RunDirectory, report: Callable[[str], None]
    ) -> None:
        """`open_sinks` return by kind of tracker where it keeps the trial of a number; `report` takes sentences."""
        self._open, self._search, self._report = open_sinks, search, report
        self._known: dict[str, dict[str, Any]] = search.read_json(FILE) if search.exists(FILE) else {}
        self._failed: set[str] = set()

    def write(self, trials: Sequence[TrackedTrial]) -> None:
        """Write those of the trials that a tracker does not have."""
        for kind, open_sink in self._open.items():
            known = self._known.setdefault(kind, {})
            for trial in trials:
                if str(trial.number) in known:
                    continue
                try:
                    known[str(trial.number)] = self._write_trial(open_sink(trial.number), trial)
                except (Exception, SystemExit) as error:
                    self._note(kind, error)
                    break
                self._search.commit_json(FILE, self._known)

    def _write_trial(self, sink: Sink, trial: TrackedTrial) -> Mapping[str, Any]:
        name = Path(str(self._search)).name
        values = {key: each if _is_plain(each) else json.dumps(each) for key, each in trial.values.items()}
        begun = Begun(f"{name}-trial-{trial.number}", absolute(str(self._search)), {"name": name, **values}, name)
        identity = dict(sink.start(begun))
        tag = trial.metric.replace("_", "/", 1)
        points = [Point(step, trial.time, keep_finite({tag: value})) for step, value in enumerate(trial.curve, 1)]
        final = {f"final/{key.replace('_', '/', 1)}": value for key, value in trial.final.items()}
        points.append(Point(len(points), trial.time, keep_finite(final)))
        sink.write([each for point in points if (each := point.without(has_none)).figures])
        sink.finish("failed" if trial.has_failed else "done")
        return identity

    def _note(self, kind: str, error: BaseException) -> None:
        if kind not in self._failed:
            self._failed.add(kind)
            self._report(
                f"the tracker {kind} could not be written to ({type(error).__name__}: {shorten_error(error)}); the "
                "search goes on, and what it misses is tried again with the next trial"
            )


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
