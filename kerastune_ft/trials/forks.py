"""Phases that several trials begin with: kept once they are trained, and copied into the trials that have them too.

A fork is a true one: a phase has the same place, name and random addresses in every trial, so that its weights are
those that the trial would have trained itself.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from kerastune_ft.config.run import RunConfig
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.loop import result_of
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan
from kerastune_ft.training.plan.pins import schedule_hash
from kerastune_ft.trials.dimensions import Range
from kerastune_ft.trials.space import Space

_FOLDER = "phases"
# Written last in a trial: with it a phase is done.
_LAST = "result.json"


class FinishedPhases:
    """The folder of a search that holds the phases which other trials may begin with."""

    def __init__(self, folder: Path, space: Space) -> None:
        """`folder` is the search's directory."""
        self._folder, self._space = folder / _FOLDER, space

    def copy_to(self, run: RunDirectory, plan: Plan, config: RunConfig, model: str) -> int:
        """Copy the longest beginning of a schedule that was trained into a trial; return its number of phases.

        The last phase of a trial is always its own. `model` names what else decides the results of phases.
        """
        known: list[tuple[PhasePlan, Path]] = []
        for phase in plan.phases[:-1]:
            place = self._folder / _name(config, phase.index, model)
            if not (place / _LAST).is_file():
                break
            known.append((phase, place))
        while known and not _has_end(plan, *known[-1]):
            known.pop()
        for phase, place in known:
            if result_of(run, phase) is None:
                _copy(place, Path(str(run)) / phase.folder)
        return len(known)

    def keep(self, run: RunDirectory, phase: PhasePlan, config: RunConfig, values: dict, model: str) -> None:
        """Keep a phase that a trial has trained, where another trial may have the same."""
        place = self._folder / _name(config, phase.index, model)
        if place.is_dir() or not self._may_recur(phase.index, values):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".partial-{os.getpid()}-{place.name}"
        shutil.rmtree(partial, ignore_errors=True)
        _copy(Path(str(run)) / phase.folder, partial)
        os.replace(partial, place)

    def _may_recur(self, last: int, values: dict) -> bool:
        """Return whether no range that is hardly drawn twice decides the phases up to number `last`."""

        def find_hash(dimension: Range, end: float) -> str:
            return schedule_hash(self._space.configure({**values, dimension.key: end}), last)

        continuous = [each for each in self._space.dimensions if isinstance(each, Range) and each.is_continuous]
        return all(find_hash(each, each.low) == find_hash(each, each.high) for each in continuous)


def _name(config: RunConfig, last: int, model: str) -> str:
    return hashlib.sha256(f"{schedule_hash(config, last)}/{model}".encode()).hexdigest()[:32]


def _has_end(plan: Plan, phase: PhasePlan, place: Path) -> bool:
    """Return whether a kept phase has the state of its last step, where the next one begins with that."""
    following = plan.phases[phase.index + 1].phase
    is_needed = following.carry_optimizer or following.start_from == "last"
    return not is_needed or any((place / "checkpoint").glob("*.safetensors"))


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a phase, the one with which it is done last."""
    for name in _list_files(source):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)


def _list_files(folder: Path) -> Iterator[str]:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    yield from (name for name in names if name != _LAST)
    yield from (name for name in names if name == _LAST)
