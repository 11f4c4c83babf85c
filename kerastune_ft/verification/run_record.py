"""The files of a run as verification reads them, and the findings of its checks; nothing here writes."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.document import REFIT, REFIT_PLAN
from kerastune_ft.rundir import MANIFEST, RunDirectory
from kerastune_ft.training.checkpoint import unpack
from kerastune_ft.wording import first_names

RESTORE = "restore it from a copy, or start over with --fresh, which keeps this run aside"
_STARTED_WITH = ("config.json", "plan.json", "splits.csv")
_PHASE_FILES = ("history.csv", "best.safetensors", "result.json")


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be: where, what, and what to do about it."""

    place: str
    message: str
    remedy: str
    is_broken: bool
    """False for a warning: nothing that was promised is lost."""

    def __str__(self) -> str:
        return f"{self.place}: {self.message}; {self.remedy}"

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {"place": self.place, "message": self.message, "remedy": self.remedy, "broken": self.is_broken}


@dataclass
class Findings:
    """The findings of one check."""

    found: list[Finding] = field(default_factory=list)

    def fail(self, place: str, message: str, remedy: str = RESTORE) -> None:
        """Add a finding that breaks a promise of the run."""
        self.found.append(Finding(place, message, remedy, True))

    def warn(self, place: str, message: str, remedy: str) -> None:
        """Add a finding that the user should know and that costs no result."""
        self.found.append(Finding(place, message, remedy, False))


@dataclass(frozen=True)
class PhaseRecord:
    """One phase: its entry in plan.json and, once it is finished, its result.json."""

    index: int
    plan: Mapping[str, Any]
    result: Mapping[str, Any] | None
    root: str = "phases"
    """The directory within the run directory that holds the folders of such phases."""

    @property
    def name(self) -> str:
        """Return the name of the phase."""
        return str(self.plan["name"])

    @property
    def folder(self) -> str:
        """Return the directory of the phase within the run directory."""
        return f"{self.root}/{self.index:02d}-{self.name}"

    @property
    def weights_file(self) -> str:
        """Return the file with the weights of the best epoch."""
        return f"{self.folder}/best.safetensors"

    @property
    def changed_variables(self) -> set[str]:
        """Return the paths of the variables that the phase changes: trained ones and statistics it updates."""
        return {*self.plan["trained_variables"], *self.plan.get("updated_variables", ())}


class RunRecord:
    """The files of a run, each read once."""

    def __init__(self, run: RunDirectory, is_live: bool) -> None:
        """`is_live` says that a process holds the run and goes on writing. Raises ConfigError for damaged JSON."""
        self.run, self.is_live = run, is_live
        self.config, self.manifest, self.plan = (
            self._read_object(name) for name in ("config.json", MANIFEST, "plan.json")
        )
        self.files: Mapping[str, Mapping[str, Any]] = self.manifest.get("files") or {}
        self.phases = self._read_phases(self.plan.get("phases") or ())
        self.refit = self._read_phases(self._read_object(REFIT_PLAN).get("phases") or (), REFIT)
        """The phases of a refit, which comes after the others; none where there is no refit."""
        self._weights: dict[str, tuple[dict[str, np.ndarray], dict[str, Any]]] = {}

    def _read_object(self, name: str) -> Mapping[str, Any]:
        found = self.run.read_json(name) if self.run.exists(name) else {}
        if not isinstance(found, Mapping):
            raise ConfigError(f"{self.run.path / name} is damaged (it holds no object); {RESTORE}")
        return found

    def _read_phases(self, entries: Iterable[Mapping[str, Any]], root: str = "phases") -> tuple[PhaseRecord, ...]:
        phases = [PhaseRecord(index, entry, None, root) for index, entry in enumerate(entries)]
        return tuple(replace(each, result=self._read_object(f"{each.folder}/result.json") or None) for each in phases)

    @property
    def state(self) -> str:
        """Return the state in the manifest; after a process was killed it still is `running`."""
        return str(self.manifest.get("state") or "not begun")

    @property
    def adapters(self) -> set[str]:
        """Return the paths of the variables of adapters, which are merged into kernels in the saved model."""
        return {path for adapter in self.plan.get("adapters") or () for path in adapter["variables"]}

    @property
    def is_done(self) -> bool:
        """Return whether the run has all its results, by its own account."""
        return self.state == "done" and not self.is_live

    @property
    def is_member(self) -> bool:
        """Return whether this is one fold of a cross-validation, whose model is a part of the ensemble's."""
        return self.manifest.get("kind") == "fold"

    @property
    def finished_phases(self) -> tuple[PhaseRecord, ...]:
        """Return the phases that have a result."""
        return tuple(phase for phase in self.phases if phase.result is not None)

    @property
    def schedules(self) -> tuple[tuple[PhaseRecord, ...], ...]:
        """Return the phases that were trained one after another: those of the schedule, and those of a refit."""
        return (self.phases, self.refit) if self.refit else (self.phases,)

    @property
    def trained_phases(self) -> tuple[PhaseRecord, ...]:
        """Return the phases that have a result, those of a refit last: the last one has the weights of the model."""
        return tuple(phase for phases in self.schedules for phase in phases if phase.result is not None)

    def is_settled(self, name: str) -> bool:
        """Return whether a file must be what the manifest says.

        While a run is under way a file may be newer than the manifest: a process killed between the two left it so, and
        the same command writes it again. Files of finished phases are not written again.
        """
        if self.is_done or name in {f"{phase.folder}/{own}" for phase in self.trained_phases for own in _PHASE_FILES}:
            return True
        return name in _STARTED_WITH and self.state != "running" and not self.is_live

    def read_table(self, name: str) -> list[dict[str, str]]:
        """Return the rows of a CSV file, every cell as text; none where there is no file."""
        text = self.run.read_bytes(name).decode() if self.run.exists(name) else ""
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def read_weights(self, name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return the arrays and the header of a weights file; raises ValueError when it is damaged or missing."""
        if name in self._weights:
            return self._weights[name]
        if not self.run.exists(name):
            raise ValueError("it is missing")
        found = unpack(self.run.read_bytes(name))
        # Checkpoints are large, and each is read once only.
        if "/checkpoint/" not in name:
            self._weights[name] = found
        return found


def hash_array(array: np.ndarray) -> str:
    """Return the SHA-256 of an array's values, as the frozen check of a phase computes it."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def some_of(names: Iterable[str]) -> str:
    """Return the first three names in alphabetical order and how many more there are."""
    return first_names(sorted(names), 3)
