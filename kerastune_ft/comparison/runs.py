"""The runs that are compared, as their files have them, and whether they can be."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from kerastune_ft.config.read import read
from kerastune_ft.config.run import restore_paths
from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.document import FOLDS, REFIT
from kerastune_ft.reporting import run_files
from kerastune_ft.reporting.page import document
from kerastune_ft.rundir import RunDirectory, is_held
from kerastune_ft.storage import expand_home
from kerastune_ft.verification.metrics import Rows, group_by_split, read_results
from kerastune_ft.verification.run_record import RunRecord
from kerastune_ft.wording import first_names


@dataclass(frozen=True)
class ComparedRun:
    """A run directory with what is compared of it, each part read once."""

    name: str
    """The directory, as it was given."""
    record: RunRecord

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The figures of its report."""
        return document.summarise(self.record.run.path)

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The rows of history.csv."""
        return run_files.read(self.record.run.path).history

    @cached_property
    def results(self) -> dict[str, Rows]:
        """By split the rows of the table that metrics follow from."""
        return group_by_split(read_results(self.record)) if self.is_measured else {}

    @cached_property
    def splits(self) -> dict[str, Rows]:
        """By split the rows of splits.csv, in the order of the results."""
        return group_by_split(self.record.read_table("splits.csv"))

    @property
    def division(self) -> dict[str, int] | None:
        """The numbers of folds and seeds of a cross-validation; None of another run."""
        found = self.record.plan.get("folds")
        return None if found is None else {name: found[name] for name in ("folds", "seeds")}

    @cached_property
    def folds(self) -> dict[str, Any]:
        """The figures of the folds of a cross-validation that is done; empty for another run."""
        run = self.record.run
        return dict(run.read_json(FOLDS)) if self.division is not None and run.exists(FOLDS) else {}

    @cached_property
    def further_phases(self) -> list[dict[str, Any]]:
        """What manifests have of the phases that were trained besides those of the run: of its refit and its folds."""
        found = list(self.record.manifest.get(REFIT) or ())
        for place in (self.record.plan.get("ensemble") or {}).get("members") or ():
            member = RunDirectory(self.record.run.path / "folds" / place).manifest() or {}
            found += [*(member.get("phases") or ()), *(member.get(REFIT) or ())]
        return found

    @property
    def is_measured(self) -> bool:
        """Whether there are metrics of the final model."""
        return bool(self.summary["metrics"])

    @property
    def state(self) -> str:
        """The state, as people are told it: a run that was killed is interrupted."""
        return "interrupted" if self.record.state == "running" and not self.record.is_live else self.record.state

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint of the data."""
        found: str | None = self.record.manifest.get("data_fingerprint")
        return found

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration with the defaults of now filled in, and paths as they were written."""
        found = dict(self.record.config)
        # Where it is of a version whose configurations are not read any more, it is compared as it stands.
        with contextlib.suppress(ConfigError):
            found = read(found).with_rules(self.record.run.rules).to_json()
        folds = {} if self.division is None else {"folds": self.division}
        return {**restore_paths(found, self.record.manifest.get("paths") or {}), **folds}


def open_runs(paths: Sequence[str | os.PathLike[str]]) -> list[ComparedRun]:
    """Return runs, at least two; raise ConfigError for fewer, for what is no run, and for one given twice."""
    runs: list[ComparedRun] = []
    for path in paths:
        opened = RunDirectory(expand_home(path))
        if not opened.exists("config.json"):
            raise ConfigError(f"{os.fspath(path)} is no run directory: it has no config.json")
        record = RunRecord(opened, is_held(opened))
        if record.is_member:
            raise ConfigError(
                f"{os.fspath(path)} is one fold of a cross-validation, and other folds are measured on other examples; "
                f"compare the whole of it, {PurePath(path).parent.parent}"
            )
        runs.append(ComparedRun(os.fspath(path), record))
    places = [os.path.realpath(run.record.run.path) for run in runs]
    if twice := next((run.name for run, place in zip(runs, places, strict=True) if places.count(place) > 1), None):
        raise ConfigError(f"{twice} is given twice; give each run once")
    if len(runs) < 2:
        raise ConfigError("a comparison needs two runs or more; name another run directory (`runs` lists them)")
    return runs


def check_alike(runs: Sequence[ComparedRun]) -> None:
    """Raise ConfigError where two runs do not predict the same: other tasks, other kinds of labels, other classes."""
    first = runs[0]
    for other in runs[1:]:
        tasks = [_find_task(run) for run in (first, other)]
        if tasks[0] != tasks[1]:
            raise ConfigError(
                f"{first.name} is a run of {tasks[0]} and {other.name} one of {tasks[1]}, which have no figures in "
                "common; compare runs of one task"
            )
        names = [_find_names(run) for run in (first, other)]
        if None in names or names[0] == names[1]:
            continue
        alone = [sorted((names[place] or set()) - (names[1 - place] or set())) for place in (0, 1)]
        parts = [
            f"{run.name} alone has {first_names(own, 5)}" for run, own in zip((first, other), alone, strict=True) if own
        ]
        raise ConfigError(f"{' and '.join(parts)}: runs are compared where they predict the same classes or targets")


def _find_task(run: ComparedRun) -> str:
    task = run.record.config.get("task") or {}
    multi = ", several labels each" if task.get("multi_label") else ""
    return f"{task.get('kind')}{multi}"


def _find_names(run: ComparedRun) -> set[str] | None:
    """Return the classes or targets; None where the run has no plan yet."""
    labels: Mapping[str, Any] = run.record.plan.get("labels") or {}
    return set(map(str, labels["names"])) if labels.get("names") else None
