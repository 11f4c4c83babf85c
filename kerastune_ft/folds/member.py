"""One member of a cross-validation: an ordinary run on its fold, measured on the examples that it did not train on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import File
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.data.source import DataSource
from kerastune_ft.folds.choice import Schedule
from kerastune_ft.folds.division import Fold
from kerastune_ft.metrics.document import EXAMPLES, REFIT, REFIT_PLAN, metrics_by_split
from kerastune_ft.metrics.nearest_example import NearestExample
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.unknown import FIT, read_unknown
from kerastune_ft.training import engine
from kerastune_ft.training.checkpoint import read_variables
from kerastune_ft.training.evaluation import final
from kerastune_ft.training.evaluation.measured import Measured
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
_DISTANCES = "distances"
# What stands in that file beside the results of a task.
_BESIDE = ("indices", _DISTANCES)


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
        manifest, sizes = self.run.manifest() or {}, self.run.read_json("plan.json")["data"]["sizes"]
        phases, again = manifest.get("phases") or (), manifest.get(REFIT) or ()
        ((split, metrics),) = metrics_by_split(self.run.read_json("metrics.json")).items()
        return {
            "seed": self.fold.turn,
            "fold": self.fold.number,
            # A refit trains on validation too.
            "trained": sum(size for name, size in sizes.items() if name != split),
            "validated": sizes[split],
            "best_epochs": {phase["name"]: left_epoch(phase) for phase in phases},
            "seconds": round(sum(phase["seconds"] for phase in (*phases, *again)), 3),
            "metrics": metrics,
        }

    def read_measured(self) -> Evaluated:
        """Return what was measured of the examples that it did not train on."""
        arrays = {name: values for name, values in self._read_arrays().items() if name not in _BESIDE}
        return Evaluated(self._read_arrays()["indices"], arrays)

    def read_unknown(self) -> tuple[NearestExample, np.ndarray] | None:
        """Return what measures its distances, and those of the examples that it did not train on; None without."""
        answers = read_unknown(self.run)
        if answers is None:
            return None
        (nearest,) = answers.nearest.values()
        return nearest, self._read_arrays()[_DISTANCES]

    def _read_arrays(self) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.run.read_bytes(_MEASURED)), allow_pickle=False) as found:
            return dict(found)

    def read_weights(self) -> dict[str, np.ndarray]:
        """Return the values of all variables that its phases changed."""
        # Of a backbone of random weights every seed begins with others.
        source_hash = (self.run.manifest() or {})["source_hash"]
        plan = self.run.read_json("plan.json")
        last, folder = plan["phases"][-1], REFIT if self.run.exists(REFIT_PLAN) else "phases"
        return read_variables(self.run, f"{folder}/{last['index']:02d}-{last['name']}/best.safetensors", source_hash)


def list_members(run: RunDirectory, folds: list[Fold]) -> list[Member]:
    """Return the members of the cross-validation in a directory."""
    return [Member(fold, run.beneath(f"folds/{fold.place}")) for fold in folds]


def configure(config: RunConfig, member: Member) -> RunConfig:
    """Return the configuration of a member: its own seed, and the splits that its splits.csv has."""
    data = config.data.model_copy(update={"splits": File(file=str(member.run.path / "splits.csv"))})
    changes: Mapping[str, Any] = {"seed": config.seed + member.fold.turn, "data": data, "name": member.fold.place}
    return config.model_copy(update=changes).with_rules(config.rules)


def make_session(base: Session, source: DataSource, member: Member, schedule: Schedule) -> Session:
    """Return the session of a member: the model of its seed on the examples of its fold, with its phases."""
    return schedule.apply_to(replace(base, config=configure(base.config, member), source=source))


def train(
    member: Member, session: Session, schedule: Schedule, pinned: Pins, watch: Watcher, stop: StopRequest
) -> Plan:
    """Train a member from wherever it is, measure it on its fold, and return its plan.

    The fold is its validation split, or its test split where it is refitted on what validated.
    """
    run = member.run
    config = session.config
    run.update_manifest(**{KIND: "fold"})
    plan = engine.prepare(RunStart(run, "new"), session, config, config_hash(config), watch, pinned, schedule.chosen)
    with PhaseFeed() as feed, PhaseFeed() as second:
        context = RunContext(session, plan, run, watch, stop, feed)
        engine.train(context)
        if config.refit:
            context = engine.train_again(context, second)
        measured = engine.measure(context, splits=("test" if config.refit else "validation",))
    _write(run, measured)
    run.update_manifest(state="done", exit_code=0, message="")
    return plan


def _write(run: RunDirectory, measured: Measured) -> None:
    ((split, found),) = measured.evaluated.items()
    arrays: dict[str, Any] = {"indices": found.indices, **found.measured}
    if measured.unknown is not None:
        run.commit(FIT, measured.unknown.answers.to_bytes())
        arrays[_DISTANCES] = measured.unknown.distances[split]
    content = io.BytesIO()
    np.savez(content, **arrays)
    run.commit(_MEASURED, content.getvalue())
    metrics = final.metrics_of(measured.session, measured.evaluated)
    run.commit_json("metrics.json", {**metrics, EXAMPLES: {split: len(found.indices)}})
