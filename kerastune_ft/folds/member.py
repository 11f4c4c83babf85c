"""One member of a cross-validation: an ordinary run on its fold, measured on the examples that it did not train on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import File
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.data.source import DataSource
from kerastune_ft.folds.division import Fold
from kerastune_ft.metrics.document import EXAMPLES
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import engine
from kerastune_ft.training.checkpoint import read_variables
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.left_weights import left_epoch
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.evaluate import Evaluated
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.plan.pins import Pins
from kerastune_ft.training.run_directory.resume import KIND, RunStart
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

_MEASURED = "evaluation/measured.npz"
_VALIDATION = "validation"


@dataclass(frozen=True)
class Member:
    """A member of a cross-validation and its run directory."""

    fold: Fold
    run: RunDirectory

    @property
    def is_done(self) -> bool:
        """Whether it is trained and measured."""
        return (self.run.manifest() or {}).get("state") == "done" and self.run.exists(_MEASURED)

    def describe(self) -> dict[str, Any]:
        """Return what crossvalidation.json has of a finished member."""
        manifest, plan = self.run.manifest() or {}, self.run.read_json("plan.json")
        phases = manifest.get("phases") or ()
        return {
            "seed": self.fold.turn,
            "fold": self.fold.number,
            "trained": plan["data"]["sizes"]["train"],
            "validated": plan["data"]["sizes"][_VALIDATION],
            "best_epochs": {phase["name"]: left_epoch(phase) for phase in phases},
            "seconds": round(sum(phase["seconds"] for phase in phases), 3),
            "metrics": self.run.read_json("metrics.json")[_VALIDATION],
        }

    def read_measured(self) -> Evaluated:
        """Return what was measured of the examples that it did not train on."""
        with np.load(io.BytesIO(self.run.read_bytes(_MEASURED)), allow_pickle=False) as found:
            arrays = dict(found)
        return Evaluated(arrays.pop("indices"), arrays)

    def read_weights(self) -> dict[str, np.ndarray]:
        """Return the values of all variables that its phases changed."""
        # Of a backbone of random weights every seed begins with others.
        source_hash = (self.run.manifest() or {})["source_hash"]
        plan = self.run.read_json("plan.json")
        last = plan["phases"][-1]
        return read_variables(self.run, f"phases/{last['index']:02d}-{last['name']}/best.safetensors", source_hash)


def list_members(folder: Path, folds: list[Fold]) -> list[Member]:
    """Return the members of a cross-validation whose directory is `folder`."""
    return [Member(fold, RunDirectory(folder / "folds" / fold.place)) for fold in folds]


def configure(config: RunConfig, member: Member) -> RunConfig:
    """Return the configuration of a member: its own seed, and the splits that its splits.csv has."""
    data = config.data.model_copy(update={"splits": File(file=str(member.run.path / "splits.csv"))})
    changes: Mapping[str, Any] = {"seed": config.seed + member.fold.turn, "data": data, "name": member.fold.place}
    return config.model_copy(update=changes).with_rules(config.rules)


def make_session(base: Session, source: DataSource, member: Member) -> Session:
    """Return the session of a member: the model of its seed on the examples of its fold."""
    return replace(base, config=configure(base.config, member), source=source)


def train(member: Member, session: Session, pinned: Pins, watch: Watcher, stop: StopRequest) -> Plan:
    """Train a member from wherever it is, measure it on its fold, and return its plan."""
    run = member.run
    config = session.config
    run.update_manifest(**{KIND: "fold"})
    plan = engine.prepare(RunStart(run, "new"), session, config, config_hash(config), watch, pinned)
    with PhaseFeed() as feed:
        context = RunContext(session, plan, run, watch, stop, feed)
        engine.train(context)
        measured = engine.measure(context)
    _write(run, measured.session, measured.evaluated)
    run.update_manifest(state="done", exit_code=0, message="")
    return plan


def _write(run: RunDirectory, session: Session, evaluated: Mapping[str, Evaluated]) -> None:
    found = evaluated[_VALIDATION]
    content = io.BytesIO()
    arrays: dict[str, Any] = {"indices": found.indices, **found.measured}
    np.savez(content, **arrays)
    run.commit(_MEASURED, content.getvalue())
    metrics = final.metrics_of(session, evaluated)
    run.commit_json("metrics.json", {**metrics, EXAMPLES: {_VALIDATION: len(found.indices)}})
