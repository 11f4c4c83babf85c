"""The settings of a search, and the directory that it keeps its trials in."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory, unusable
from kerastune_ft.storage import expand_home
from kerastune_ft.training.run_directory.resume import move_aside
from kerastune_ft.trials.records import TrialRecord
from kerastune_ft.trials.space import Space
from kerastune_ft.trials.study import SAMPLERS, check_sampler

SEARCH, BEST, TRIALS, RECORD = "search.json", "best.json", "trials", "trial.json"
USUAL_TRIALS = 20
WHOLE_GRID = 100
"""The combinations that a grid has at most to be tried whole where nothing says how many trials there are."""
BY_FOLDS = "crossvalidate"
OBJECTIVES = ("validation", BY_FOLDS)
"""What trials are measured on: the validation split, or every fold."""
_SPLIT = "validation_"


@dataclass(frozen=True)
class SearchSettings:
    """What a search looks for and how: everything that decides its trials besides the configuration and the space."""

    metric: str
    """The metric of validation that trials are compared by, as `validation_accuracy`."""
    maximise: bool
    sampler: str
    seed: int
    prunes: bool
    """Whether hopeless trials are ended early."""
    folds: int | None = None
    """The folds that each trial is measured on; None where it is on the validation split."""

    def to_json(self) -> dict[str, Any]:
        """Return the settings as a JSON object."""
        by_folds = {} if self.folds is None else {"objective": BY_FOLDS, "folds": self.folds}
        return {
            "metric": self.metric,
            "direction": "maximize" if self.maximise else "minimize",
            "sampler": self.sampler,
            "seed": self.seed,
            "prune": self.prunes,
            **by_folds,
        }


def choose_settings(
    space: Space, metric: str | None, sampler: str, seed: int | None, prunes: bool, folds: int | None = None
) -> SearchSettings:
    """Return the settings of a search; without `metric` the monitor of the last phase is searched for.

    Raises ConfigError for a metric that the task has not, and for a sampler that there is not or that the space is not
    for.
    """
    known = facts(space.base.task).metrics
    chosen = space.base.phases[-1].monitor if metric is None else metric
    names = [f"{_SPLIT}{name}" for name in known]
    if chosen not in names:
        message, _ = unknown_message(chosen, names, "metric of this task", beginning=_SPLIT)
        raise ConfigError(f"--metric: {message}")
    if sampler not in SAMPLERS:
        raise ConfigError(f"--sampler: {unknown_message(sampler, SAMPLERS, 'sampler')[0]}")
    check_sampler(sampler, space.dimensions)
    fact = known[chosen.removeprefix(_SPLIT)]
    if fact.generated and chosen != space.base.phases[-1].monitor:
        raise ConfigError(
            f"--metric: answers are generated every epoch for the monitor of a phase alone; write {chosen} as the "
            "monitor of the last phase, or give another metric"
        )
    maximise = fact.direction == "max"
    return SearchSettings(chosen, maximise, sampler, space.base.seed if seed is None else seed, prunes, folds)


def choose_trials(combinations: int, trials: int | None, seconds: float | None) -> int | None:
    """Return how many trials a search has in all; None where its time alone ends it.

    `combinations` are those of a grid, 0 for other samplers; `trials` and `seconds` are what the user asks for.
    """
    if not combinations:
        return USUAL_TRIALS if trials is None and seconds is None else trials
    if trials is None:
        trials = combinations if seconds is not None or combinations <= WHOLE_GRID else USUAL_TRIALS
    return min(trials, combinations)


def find_identity(space: Space, settings: SearchSettings) -> str:
    """Return a hash of all that decides the trials of a search, whatever their number."""
    document = [config_hash(space.base), space.to_json(), settings.to_json()]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()


def list_searches(directory: str | os.PathLike[str], name: str) -> list[Path]:
    """Return the directories `<directory>/<name>-search-<n>`, oldest first."""
    folder = Path(expand_home(directory))
    if not folder.is_dir():
        return []
    pattern = re.compile(rf"{re.escape(name)}-search-(\d+)")
    found = [(int(match[1]), each) for each in folder.iterdir() if (match := pattern.fullmatch(each.name))]
    return [each for _, each in sorted(found)]


def choose_directory(
    directory: str | os.PathLike[str], name: str, identity: str, run_dir: str | os.PathLike[str] | None, fresh: bool
) -> Path:
    """Return the directory of a search: `run_dir`, or the newest of the same search, or a new one.

    With `fresh` a search in `run_dir` is moved aside. Raises ConfigError for a `run_dir` that holds another search, or
    something else.
    """
    if run_dir is not None:
        return _check_given(Path(expand_home(run_dir)), identity, fresh)
    earlier = list_searches(directory, name)
    if not fresh:
        for each in reversed(earlier):
            if _read_identity(each) == identity:
                return each
    number = 1 + (int(earlier[-1].name.rpartition("-")[2]) if earlier else 0)
    while True:
        path = Path(expand_home(directory)) / f"{name}-search-{number}"
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:
            if not path.parent.is_dir():
                raise
            number += 1
        except OSError as error:
            raise unusable(path, error) from error


def _check_given(path: Path, identity: str, fresh: bool) -> Path:
    found = _read_identity(path)
    if found is not None and fresh:
        move_aside(RunDirectory(path))
        return path
    if found == identity:
        return path
    if path.exists() and (not path.is_dir() or any(not each.name.startswith(".") for each in path.iterdir())):
        what = "another search" if found else "something that is no search"
        remedy = (
            "give the configuration, space and options that it began with, or --fresh, which keeps it aside"
            if found
            else "give another --run-dir"
        )
        raise ConfigError(f"{path} holds {what}; {remedy}")
    return path


def _read_identity(path: Path) -> str | None:
    try:
        found = json.loads((path / SEARCH).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found.get("identity") if isinstance(found, dict) else None


def trial_directory(search: RunDirectory, number: int) -> RunDirectory:
    """Return the directory of a trial, which is laid out as that of a run."""
    return RunDirectory(search.path / TRIALS / f"{number:04d}")


def read_records(search: RunDirectory) -> list[TrialRecord]:
    """Return the trials that ended, in order."""
    found: list[TrialRecord] = []
    while (trial := trial_directory(search, len(found))).exists(RECORD):
        found.append(TrialRecord.from_json(trial.read_json(RECORD)))
    return found


def write_best(
    search: RunDirectory, config: RunConfig, record: TrialRecord, settings: SearchSettings, count: int
) -> None:
    """Write the configuration of the best trial, with what the search pinned, as a file that `run` takes."""
    document = config.to_json()
    document["runtime"] = {**document["runtime"], "pinned": record.pinned}
    said = f"trial {record.number} of {count} in {search.path.name}: {settings.metric} {record.value!r}"
    search.commit_json(BEST, {"//": said, **document})
