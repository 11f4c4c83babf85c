"""Ranks backbones on a user's data by linear probes on their frozen features, within a time."""

from __future__ import annotations

import hashlib
import json
import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from filelock import FileLock

from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.data.source import DataSource
from kerastune_ft.durations import format_duration
from kerastune_ft.errors import ConfigError, ResourceError
from kerastune_ft.probing.candidates import Candidate, find_candidates
from kerastune_ft.probing.features import SPLITS, estimate_seconds, read_final
from kerastune_ft.probing.probe import fit_probe, headline
from kerastune_ft.probing.record import Record
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.run_directory.run_data import open_data
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.watch import Watcher

# Raised by one when the same candidates are ranked otherwise.
_VERSION = 1
_FOLDER = "rankings"
TRIED, REFUSED, LEFT_OUT = "tried", "not tried", "left out"


@dataclass(frozen=True)
class Ranked:
    """A candidate and what came of it."""

    candidate: Candidate
    state: str
    """`tried`, `not tried` (it cannot be) or `left out` (for want of time)."""
    why: str = ""
    value: float | None = None
    """The headline metric on the validation split."""
    interval: tuple[float, float] | None = None
    loss: float | None = None
    l2: float | None = None
    seconds: float | None = None
    store_bytes: int | None = None
    features: int | None = None
    """The length of a row of features."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object of it."""
        return {
            "name": self.candidate.name,
            "backbone": self.candidate.document,
            "origin": self.candidate.origin,
            "state": self.state,
            "why": self.why,
            "value": self.value,
            "interval": None if self.interval is None else list(self.interval),
            "loss": self.loss,
            "l2": self.l2,
            "seconds": self.seconds,
            "store_bytes": self.store_bytes,
            "weight_bytes": self.candidate.weight_bytes,
            "features": self.features,
        }


@dataclass(frozen=True)
class Ranking:
    """Backbones, the best first, then those that were not measured."""

    metric: str
    """The headline metric of the task."""
    maximise: bool
    rows: tuple[Ranked, ...]
    examples: dict[str, int]
    """Examples by split that probes read."""
    seconds: float

    @property
    def smallest_alike(self) -> Ranked | None:
        """Return the candidate of fewest bytes of weights whose metric lies in the interval of the best one's.

        None where that is the best one itself, or where it has no interval.
        """
        best = self.best
        if best is None or best.interval is None:
            return None
        low, high = best.interval
        alike = [
            row
            for row in self.rows
            if row.value is not None and low <= row.value <= high and row.candidate.weight_bytes is not None
        ]
        smallest = min(alike, key=lambda row: row.candidate.weight_bytes or 0, default=best)
        return None if smallest is best else smallest

    @property
    def best(self) -> Ranked | None:
        """Return the best candidate that was tried, or None where none was."""
        return next((row for row in self.rows if row.state == TRIED), None)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object of it."""
        return {
            "metric": f"validation_{self.metric}",
            "direction": "max" if self.maximise else "min",
            "examples": self.examples,
            "seconds": self.seconds,
            "backbones": [row.to_json() for row in self.rows],
            "best": None if self.best is None else self.best.candidate.document,
            "smallest_alike": None if self.smallest_alike is None else self.smallest_alike.candidate.document,
        }


def rank_once(config: RunConfig, devices: Devices, watch: Watcher, seconds: float) -> dict[str, Any]:
    """Return the JSON object of a ranking, the first that was made of these candidates on these data in this time.

    What is tried within a time depends on the machine: a choice that a run is known by must not. It is kept in the
    cache directory. Raises what `rank_backbones` does.
    """
    headline(config.task)
    source = open_data(config, watch.note)
    candidates = find_candidates(config, (), False, len(source.splits["train"]))
    key = {
        "version": _VERSION,
        "configuration": config_hash(config),
        "data": source.info.fingerprint,
        "seconds": seconds,
        "candidates": [[each.document, each.refused] for each in candidates],
    }
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
    folder = cache_directory(config.runtime) / _FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        found: dict[str, Any] = Record(folder, key).recall(
            "ranking", lambda: rank_backbones(config, devices, watch, seconds, source=source).to_json()
        )
    return found


def rank_backbones(
    config: RunConfig,
    devices: Devices,
    watch: Watcher,
    seconds: float | None = None,
    named: Sequence[str] = (),
    download: bool = False,
    source: DataSource | None = None,
) -> Ranking:
    """Try the candidates for a configuration, the cheapest first, and return them by what their features reach.

    The data are opened once, unless `source` has them open. Features stay in the stores, so that what is done is not
    done again. A candidate is begun while it is expected to end within `seconds`; the first one always is. Raises
    ConfigError for tasks without probes and for named candidates that are none, DataError for data that cannot be read.
    """
    began = time.monotonic()
    metric, maximise = headline(config.task)
    source = source or open_data(config, watch.note)
    examples = {split: len(source.splits[split]) for split in SPLITS}
    candidates = find_candidates(config, named, download, examples["train"])
    trial = _Trial(config, devices, watch, source, metric, began, seconds)
    rows = [trial.rank(candidate, number, len(candidates)) for number, candidate in enumerate(candidates, start=1)]
    sign = -1.0 if maximise else 1.0
    tried = [row for row in rows if row.value is not None]
    # Of equals the one with fewer bytes of weights, which come first.
    tried.sort(key=lambda row: sign * (row.value or 0.0))
    others = [row for row in rows if row.value is None]
    return Ranking(metric, maximise, (*tried, *others), examples, time.monotonic() - began)


class _Trial:
    """Tries candidates on the same data, while there is time."""

    def __init__(
        self,
        config: RunConfig,
        devices: Devices,
        watch: Watcher,
        source: DataSource,
        metric: str,
        began: float,
        seconds: float | None,
    ) -> None:
        self._config, self._devices, self._watch, self._source = config, devices, watch, source
        self._metric = metric
        self._began, self._seconds = began, seconds
        # Seconds for each second of the plans' estimates, as far as was seen.
        self._pace = 1.0
        self._has_tried = False

    def rank(self, candidate: Candidate, number: int, count: int) -> Ranked:
        """Return what came of a candidate."""
        if candidate.refused:
            return Ranked(candidate, REFUSED, candidate.refused)
        left = None if self._seconds is None else self._seconds - (time.monotonic() - self._began)
        if left is not None and left <= 0 and self._has_tried:
            return Ranked(candidate, LEFT_OUT, "no time was left")
        self._watch.note(f"candidate {number} of {count}: {candidate.name}")
        try:
            return self._measure(candidate, left)
        except (ConfigError, ResourceError) as error:
            return Ranked(candidate, REFUSED, _shorten(error))

    def _measure(self, candidate: Candidate, left: float | None) -> Ranked:
        began = time.monotonic()
        config = self._config.model_copy(update={"backbone": candidate.options})
        session = assemble(config, self._devices, _ignore, self._source)
        expected = self._pace * estimate_seconds(session)
        if left is not None and expected > left and self._has_tried:
            why = f"about {format_duration(expected)}, and {format_duration(max(0.0, left))} were left"
            return Ranked(candidate, LEFT_OUT, why)
        with naming_lost_files(self._source):
            found = read_final(session, self._watch)
        if found.computing_seconds:
            self._pace = found.computing_seconds / max(1e-3, estimate_seconds(session))
        probe = fit_probe(session, found.features["features"], found.targets)
        self._has_tried = True
        return Ranked(
            candidate,
            TRIED,
            value=probe.metrics[self._metric],
            interval=probe.interval,
            loss=probe.metrics["loss"],
            l2=probe.l2,
            seconds=time.monotonic() - began,
            store_bytes=found.bytes,
            features=probe.kernel.shape[0],
        )


def _ignore(text: str) -> None:
    """Say nothing: what is to be said of the data was said when they were opened."""


def _shorten(error: Exception) -> str:
    """Return an error as one line of at most 200 characters."""
    return textwrap.shorten(str(error), 200, placeholder=" ...")
