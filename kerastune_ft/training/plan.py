"""The plan: what every phase will train, at which rates, in how many steps, and what it costs, beforehand."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerastune_ft.config.phases import Phase
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.graph import boundary, costs, keras_private, randomness, rates
from kerastune_ft.graph.boundary import HEAD, Selection
from kerastune_ft.graph.partition import Partition, partition, tensor_bytes
from kerastune_ft.graph.units import count, is_seed
from kerastune_ft.input.fitting import fitting_notes
from kerastune_ft.training import balance, batch_norm, continuing, precision
from kerastune_ft.training.assemble import Session
from kerastune_ft.training.schedules import warmup_steps

LARGEST_CHUNK = 32
# Sustained float32 rate of one core in convolutions; the plan names it as the basis of its estimate.
_FLOPS_PER_CORE = 25e9


@dataclass(frozen=True)
class PhasePlan:
    """One phase, resolved against the real model and data."""

    index: int
    phase: Phase
    selection: Selection
    trained: tuple[str, ...]
    """Paths of all variables that train, head included, in the order of the model."""
    unit_factors: Mapping[str, float]
    factors: Mapping[str, float]
    """Factors on the learning rate by variable path."""
    class_weights: tuple[float, ...] | None
    """Factors on the losses by class, or None where all count alike."""
    partition: Partition
    batch_size: int
    """Examples of one batch over all replicas: the phase's, but no more than there are to train on."""
    steps_per_epoch: int
    epochs: int
    steps: int

    @property
    def folder(self) -> str:
        """Return the phase's directory within the run directory."""
        return f"phases/{self.index:02d}-{self.phase.name}"

    @property
    def files(self) -> tuple[str, ...]:
        """Return the files a finished phase leaves, checkpoints aside."""
        return tuple(f"{self.folder}/{name}" for name in ("history.csv", "best.safetensors", "result.json"))

    @property
    def changing(self) -> tuple[str, ...]:
        """Return the paths of all variables that training changes: those that train, and updated statistics."""
        return (*self.trained, *self.selection.statistics)

    @property
    def update_batch(self) -> int:
        """Return the examples of one update, over all replicas and micro-batches."""
        return self.batch_size * self.phase.accumulate


@dataclass(frozen=True)
class Plan:
    """All phases of a run and the batch shape their frozen prefixes are computed in."""

    phases: tuple[PhasePlan, ...]
    chunk: int
    document: Mapping[str, Any]
    """The plan as plan.json has it."""


@dataclass(frozen=True)
class EvaluationPlan:
    """What it takes to compute outputs as a run's validation did: a partition, and the batch shapes of that run."""

    selection: Selection
    trained: tuple[str, ...]
    partition: Partition
    batch_size: int
    chunk: int


def for_evaluation(session: Session, document: Mapping[str, Any]) -> EvaluationPlan:
    """Return the last phase of a run as evaluation needs it; `document` is the run's plan.json."""
    index = len(session.config.phases) - 1
    selection, trained = _selected(session, index, session.config.phases[index])
    # Of one replica, so that the chunk divides them on any number of devices.
    rows = document["phases"][index]["replica_batch"]
    cut = partition(session.model, trained, _live_layers(session, selection))
    return EvaluationPlan(selection, trained, cut, rows * session.devices.replicas, document["chunk"])


def make(session: Session) -> Plan:
    """Resolve every phase of the session's configuration.

    Raises ConfigError for a phase that matches nothing or trains nothing, DataError for data it cannot be trained on.
    """
    problems: list[str] = []
    phases: list[PhasePlan] = []
    for index, phase in enumerate(session.config.phases):
        try:
            phases.append(_phase(session, index, phase))
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    _check_splits(session)
    replicas = session.devices.replicas
    chunk = _chunk([_replica_rows(plan, replicas) for plan in phases])
    return Plan(tuple(phases), chunk, _document(session, phases, chunk))


def _place(index: int, phase: Phase) -> str:
    return f"phases[{index}] ({phase.name})"


def _selected(session: Session, index: int, phase: Phase) -> tuple[Selection, tuple[str, ...]]:
    """Return what a phase unfreezes and the paths of all that trains in it, the head included."""
    units = session.backbone.units
    selection = boundary.resolve(phase.unfreeze, units, f"{_place(index, phase)}.unfreeze", phase.batch_norm)
    batch_norm.check(units, selection, phase.batch_norm, f"{_place(index, phase)}.batch_norm")
    head = {variable.path for variable in session.head.variables}
    return selection, tuple(path for path in session.variables if path in selection.variables or path in head)


def _phase(session: Session, index: int, phase: Phase) -> PhasePlan:
    selection, trained = _selected(session, index, phase)
    unit_factors = rates.unit_factors(
        phase.learning_rate,
        [unit.id for unit in session.backbone.units],
        selection.units,
        f"{_place(index, phase)}.learning_rate",
    )
    unit_of = {variable.path: unit.id for unit in session.units for variable in unit.variables}
    examples = len(session.source.splits["train"])
    # A larger batch would be padding and nothing else.
    batch_size = min(phase.batch_size, examples)
    steps_per_epoch = math.ceil(examples / (batch_size * phase.accumulate))
    steps = phase.steps if phase.steps is not None else (phase.epochs or 1) * steps_per_epoch
    return PhasePlan(
        index=index,
        phase=phase,
        selection=selection,
        trained=trained,
        unit_factors=unit_factors,
        factors={path: unit_factors[unit_of[path]] for path in trained},
        class_weights=balance.class_weights(session.source, phase, _place(index, phase)),
        partition=partition(session.model, trained, _live_layers(session, selection)),
        batch_size=batch_size,
        steps_per_epoch=steps_per_epoch,
        epochs=math.ceil(steps / steps_per_epoch),
        steps=steps,
    )


def _live_layers(session: Session, selection: Selection) -> set[str]:
    """Return the names of the layers of this phase that draw in training or update their statistics."""
    active, updated = {*selection.units, HEAD}, set(selection.statistics)
    return {
        layer.name
        for unit in session.units
        if unit.id in active
        for layer in unit.layers
        if randomness.is_random(layer) or any(variable.path in updated for variable in layer.variables)
    }


def _check_splits(session: Session) -> None:
    splits, classes = session.source.splits, session.source.info.classes
    if session.task.scheme.kind != "one":
        return
    for phase in session.config.phases:
        if phase.monitor.endswith("_auc"):
            present = {int(label) for label in session.source.labels[splits["validation"]]}
            absent = [name for number, name in enumerate(classes) if number not in present]
            if absent:
                raise DataError(
                    f"the validation split has no example of {', '.join(absent)}, so {phase.monitor} cannot be "
                    "computed; "
                    'use "monitor": "validation_loss" or other splits'
                )


def _replica_rows(plan: PhasePlan, replicas: int) -> int:
    """Return the rows of one batch on one replica, padding included."""
    return math.ceil(plan.batch_size / replicas)


def _chunk(rows: Sequence[int]) -> int:
    """Return the batch shape of the prefix: the largest common divisor of the replicas' batches, at most 32."""
    common = math.gcd(*rows)
    return max(size for size in range(1, min(common, LARGEST_CHUNK) + 1) if common % size == 0)


def freeze_all_but(session: Session, selection: Selection, trained: Sequence[str]) -> None:
    """Set trainability variable by variable and check it against the plan by path.

    Raises AssertionError when Keras sees other trainable variables than the plan: a mistake of this package.
    """
    wanted = set(trained)
    changing = wanted.union(selection.statistics)
    trained_units = {*selection.units, HEAD}
    for unit in session.units:
        for layer in unit.layers:
            for leaf in keras_private.leaf_layers(layer).values() or [layer]:
                weights = [variable for variable in leaf.variables if not is_seed(variable)]
                # A layer without weights, such as dropout, is on where its unit trains.
                leaf.trainable = (
                    any(variable.path in changing for variable in weights) if weights else unit.id in trained_units
                )
                for variable in weights:
                    variable.trainable = variable.path in wanted
    found = {variable.path for variable in session.model.trainable_variables}
    if found != wanted:
        raise AssertionError(f"Keras would train other variables than the plan: {sorted(found ^ wanted)[:5]}")


def _document(session: Session, phases: Sequence[PhasePlan], chunk: int) -> dict[str, Any]:
    config: RunConfig = session.config
    backbone = session.backbone
    parameters = sum(count(variable) for variable in backbone.variables)
    return {
        "version": 1,
        "name": config.name,
        "seed": config.seed,
        "devices": session.devices.to_json(),
        "data": session.source.info.to_json(),
        "labels": session.task.scheme.to_json(),
        "backbone": {
            "kind": config.backbone.kind,
            "name": backbone.name,
            "weights": backbone.transfer.source,
            "image_size": list(backbone.image_size),
            "preprocessing": backbone.preprocessing,
            "parameters": parameters,
            "units": unit_rows(backbone.units),
            "transfer": backbone.transfer.to_json(),
        },
        "head": {
            "layers": [layer.name for layer in session.head.layers],
            "parameters": session.head.parameters,
            "options": config.head.to_json(),
        },
        "chunk": chunk,
        "phases": [_phase_document(session, plan) for plan in phases],
        "notes": _notes(session, phases, chunk),
    }


def unit_rows(units: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the rows of a table of units: id, blocks, parameters, variables, share, output shape, layers."""
    total = sum(unit.parameters for unit in units) or 1
    return [
        {
            "id": unit.id,
            "blocks": list(unit.blocks),
            "parameters": unit.parameters,
            "variables": len(unit.variables),
            "share": unit.parameters / total,
            "output_shape": list(unit.output_shape[1:]),
            "layers": [layer.name for layer in unit.layers],
        }
        for unit in units
    ]


def _notes(session: Session, phases: Sequence[PhasePlan], chunk: int) -> list[str]:
    notes = [*session.backbone.notes, *continuing.notes(session), *precision.notes(session.devices.precision)]
    notes += balance.notes(session.source, {plan.phase.name: plan.phase for plan in phases})
    if session.source.image_sizes is not None:
        names = session.source.keys if session.config.output.examples else None
        notes += fitting_notes(session.source.image_sizes, names, session.loader.geometry)
    if session.unaddressed:
        notes.append(f"random draws of {', '.join(session.unaddressed)} are equal across replicas in distribution only")
    examples = len(session.source.splits["train"])
    for plan in phases:
        asked = plan.phase.batch_size * plan.phase.accumulate
        if asked > examples:
            notes.append(
                f"phase {plan.phase.name}: an update takes batch_size x accumulate = {asked} examples and there are "
                f"{examples} to train on, so every epoch is one update of all of them"
            )
    for plan in phases:
        norms = batch_norm.layers(session.backbone.units, plan.selection)
        notes += batch_norm.notes(plan.phase, norms, plan.batch_size, plan.steps, examples)
    if chunk < min(8, *(plan.batch_size for plan in phases)):
        notes.append(
            f"the frozen part is computed in chunks of {chunk}, the most that divides all batches on a replica, "
            f"which is slow; batch sizes that are multiples of {8 * session.devices.replicas} suit better"
        )
    return notes


def _phase_document(session: Session, plan: PhasePlan) -> dict[str, Any]:
    phase, variables = plan.phase, session.variables
    trained = sum(count(variables[path]) for path in plan.trained)
    updated = plan.selection.statistics
    total = sum(count(variable) for variable in variables.values())
    policy = phase.learning_rate
    return {
        "name": phase.name,
        "index": plan.index,
        "unfreeze": phase.to_json()["unfreeze"],
        "boundary": plan.selection.boundary,
        "trains": [*plan.selection.units, HEAD],
        "trained_variables": list(plan.trained),
        "batch_norm": phase.batch_norm,
        "batch_norm_layers": len(batch_norm.layers(session.backbone.units, plan.selection)),
        "updated_variables": list(updated),
        "trainable_parameters": trained,
        "frozen_parameters": total - trained - sum(count(variables[path]) for path in updated),
        "trainable_share": trained / total,
        "cut": [
            {"name": name, "shape": list(tensor.shape[1:]), "dtype": tensor.dtype, "bytes": tensor_bytes(tensor)}
            for name, tensor in zip(plan.partition.cut_names, plan.partition.cut, strict=True)
        ],
        "epochs": plan.epochs,
        "steps_per_epoch": plan.steps_per_epoch,
        "steps": plan.steps,
        "batch_size": phase.batch_size,
        "replica_batch": _replica_rows(plan, session.devices.replicas),
        "accumulate": phase.accumulate,
        "learning_rate": {
            "peak": policy.peak,
            "shape": policy.shape,
            "warmup_steps": warmup_steps(policy, plan.steps),
            "final": policy.final,
        },
        "rates": {unit: policy.peak * factor for unit, factor in plan.unit_factors.items()},
        "optimizer": phase.optimizer.name,
        "carry_optimizer": phase.carry_optimizer,
        "weight_decay": phase.weight_decay,
        "clip_norm": phase.clip_norm,
        "label_smoothing": phase.label_smoothing,
        "class_weights": None
        if plan.class_weights is None
        else dict(zip(session.task.scheme.names, plan.class_weights, strict=True)),
        "sampling": phase.sampling,
        "augment": phase.augment.resolved() if has_augmentation(phase) else None,
        "early_stopping": phase.early_stopping.to_json() if phase.early_stopping else None,
        "monitor": phase.monitor,
        "start_from": phase.start_from if plan.index else None,
        "store": {
            "decision": "recompute",
            "bytes": plan.partition.cut_bytes * session.source.info.examples,
            "reason": "features are not stored in this version",
        },
        "estimate": _estimate(session, plan),
    }


def has_augmentation(phase: Phase) -> bool:
    """Return whether any operation of the phase's augmentation does something."""
    return any(value not in (0.0, "none") for value in phase.augment.resolved().values())


def _estimate(session: Session, plan: PhasePlan) -> dict[str, Any]:
    prefix = costs.forward_flops(plan.partition.prefix) if plan.partition.prefix is not None else 0
    tail = costs.forward_flops(plan.partition.tail)
    cores = os.cpu_count() or 1
    training = len(session.source.splits["train"]) * plan.steps / plan.steps_per_epoch
    validation = len(session.source.splits["validation"]) * plan.epochs
    # Backpropagation costs about twice a forward pass.
    flops = training * (prefix + 3 * tail) + validation * (prefix + tail)
    memory = plan.update_batch * costs.activation_bytes(plan.partition.tail) + sum(
        4 * variable_bytes(variable) for variable in session.model.variables
    )
    return {
        "seconds": flops / (cores * _FLOPS_PER_CORE),
        "memory_bytes": memory,
        "basis": f"{flops / 1e9:,.0f} GFLOP counted from the graph at {_FLOPS_PER_CORE / 1e9:.0f} GFLOP/s per core "
        f"and {cores} cores; input and start-up not counted; not measured",
    }


def variable_bytes(variable: keras.Variable) -> int:
    """Return the bytes of a float32 variable."""
    return 4 * count(variable)
