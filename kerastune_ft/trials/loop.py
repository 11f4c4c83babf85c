"""The trials of a search, one after the other: asked for, run, told, written; each step goes on where it was left."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.data.change import name_fingerprints
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.dimensions import Dimension
from kerastune_ft.trials.forks import FinishedPhases
from kerastune_ft.trials.models import Models
from kerastune_ft.trials.records import TrialRecord, find_best
from kerastune_ft.trials.settings import (
    RECORD,
    SEARCH,
    SearchSettings,
    read_records,
    trial_directory,
    write_best,
)
from kerastune_ft.trials.space import Space
from kerastune_ft.trials.study import FAILED, Proposal, Study, count_combinations
from kerastune_ft.trials.trial import Goal, TrialRunner

# So many trials in a row that were there before: nothing new is to be expected of a space of choices.
_MOST_REPEATS = 20
Announce = Callable[[TrialRecord, Sequence[TrialRecord]], None]


class SearchLoop:
    """Carries a search to a number of trials, or to its time."""

    def __init__(
        self,
        search: RunDirectory,
        space: Space,
        settings: SearchSettings,
        study: Study,
        watch: Watcher,
        stop: StopRequest,
    ) -> None:
        """`search` is the directory, which this process has locked."""
        self._search, self._space, self._settings, self._study = search, space, settings, study
        devices = device_choice.resolve(space.base.runtime)
        self._models = Models(space, devices, watch.note, settings.folds)
        self._watch, self._stop = watch, stop
        forks = FinishedPhases(Path(str(search)), space)
        goal = Goal(settings.metric, settings.maximise, settings.prunes, settings.folds)
        self._runner = TrialRunner(self._models, forks, goal, watch, stop)
        # The file of a trial is written before the study is told of it.
        self._records = read_records(search)[: study.outcomes]
        self._hashes = {self._hash(record): record for record in reversed(self._records)}

    def run(self, trials: int | None, announce: Announce) -> None:
        """Run trials until there are so many, or the space is at its end.

        `announce` takes every trial that ended and all up to it. Raises Interrupted after a stop that loses nothing.
        """
        self._check_same_data()
        start = self._space.find_start()
        with contextlib.closing(self._runner):
            self._run_trials(trials, start, announce)

    def _run_trials(self, trials: int | None, start: Mapping[str, Any] | None, announce: Announce) -> None:
        while trials is None or len(self._records) < trials:
            self._stop.honour()
            if is_tried_out(self._records, self._space.dimensions):
                self._watch.note("no combination of the space is left to try")
                return
            proposal = self._study.ask(start)
            if proposal is None:
                return
            record = self._run_trial(proposal)
            self._records.append(record)
            self._hashes.setdefault(self._hash(record), record)
            # Before the study is told, so that a search that is done has the best of all its trials.
            self._write_best()
            self._study.tell(proposal, record.state, record.value, [point.value for point in record.curve])
            announce(record, self._records)

    def _run_trial(self, proposal: Proposal) -> TrialRecord:
        """Return what came of a trial, which is run unless it ended before or an earlier one has its configuration."""
        run = trial_directory(self._search, proposal.number)
        if run.exists(RECORD):
            return TrialRecord.from_json(run.read_json(RECORD))
        values = dict(proposal.values)
        try:
            config = self._space.configure(values)
        except ConfigError as error:
            # Values between the ends of ranges may contradict each other where the ends do not.
            record = TrialRecord(proposal.number, values, FAILED, reason=error.sentence, error=type(error).__name__)
        else:
            record = self._run_or_repeat(proposal.number, values, config, run)
        run.commit_json(RECORD, record.to_json())
        return record

    def _run_or_repeat(self, number: int, values: dict[str, Any], config: RunConfig, run: RunDirectory) -> TrialRecord:
        known = self._hashes.get(config_hash(config))
        if known is None:
            return self._runner.run(number, values, config, run, self._records)
        first = known.number if known.same_as is None else known.same_as
        return replace(known, number=number, values=values, same_as=first, seconds=0.0, cpu_seconds=0.0)

    def _hash(self, record: TrialRecord) -> str | None:
        """Return the hash of a trial's configuration; None of one whose values contradict each other."""
        try:
            return config_hash(self._space.configure(record.values))
        except ConfigError:
            return None

    def _write_best(self) -> None:
        best = find_best(self._records, self._settings.maximise)
        if best is not None:
            config: RunConfig = self._space.configure(best.values)
            write_best(self._search, config, best, self._settings, len(self._records))

    def _check_same_data(self) -> None:
        """Raise DataError for data or pretrained weights other than those that the search began with."""
        session = self._models.open(self._space.base, {}).session
        now = {"data_fingerprint": session.source.info.fingerprint, "source_hash": session.source_hash}
        document = self._search.read_json(SEARCH)
        for key, what in (("data_fingerprint", "data"), ("source_hash", "pretrained weights")):
            if document.get(key, now[key]) != now[key]:
                raise DataError(
                    f"the {what} changed since the search in {self._search} began "
                    f"({name_fingerprints(document[key], now[key])}), whose trials are not to be compared with new "
                    "ones; put back what was there, or start over with --fresh"
                )
        self._search.commit_json(SEARCH, {**document, **now})


def is_tried_out(records: Sequence[TrialRecord], dimensions: Sequence[Dimension]) -> bool:
    """Return whether trials had every combination of a space, or so many in a row were repeats that no other comes."""
    tried = {json.dumps(dict(record.values), sort_keys=True) for record in records}
    latest = records[-_MOST_REPEATS:]
    is_repeating = len(latest) == _MOST_REPEATS and all(record.same_as is not None for record in latest)
    return is_repeating or 0 < count_combinations(dimensions) <= len(tried)
