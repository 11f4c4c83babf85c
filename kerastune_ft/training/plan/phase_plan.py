"""The plan as values: phases resolved against the real model and data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kerastune_ft.config.options.augment import is_active
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.task_facts import IMAGE
from kerastune_ft.graph.boundary import Selection
from kerastune_ft.graph.partition import CutModel, Partition, Stage
from kerastune_ft.graph.rebuild.image_size import Size
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.mixing import Mixing
from kerastune_ft.input.sounds.noise import NoiseSounds
from kerastune_ft.metrics.document import REFIT
from kerastune_ft.training.plan.cache_plan import CachePlan
from kerastune_ft.training.session.session import Session

NORMS_FILE = "gradient_norms.csv"
"""The file of a phase with the norms of its gradients, by epoch and unit."""

REFIT_DRAWS = 1 << 20
"""What is added to the index of a phase in the addresses of the draws of its refit; more than there are phases."""


@dataclass(frozen=True)
class Refit:
    """How a phase runs again where no validation can tell when to stop, see `training.plan.refit`."""

    best_epoch: int
    """The epoch with which it ends, for the next phase and the model."""
    rate_steps: int
    """The steps over which its learning rates are laid out, of which it may make fewer."""
    kept: bool = True
    """Whether the weights of the phase were kept, as they then are here."""

    def to_json(self) -> dict[str, int]:
        """Return the refit as plan.json has it; whether weights were kept is there where they were not."""
        return {key: value for key, value in asdict(self).items() if key != "kept" or not value}


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
    stages: tuple[Stage, ...]
    """The pieces its frozen prefix is computed in, input to output; none where nothing is frozen below."""
    batch_size: int
    """Examples of one batch over all replicas: the phase's, but no more than there are to train on, or of one piece."""
    micro_batches: int
    """The batches, or the pieces of one batch, that make an update."""
    update_batch: int
    """Examples of one update, over all replicas and micro-batches."""
    steps_per_epoch: int
    epochs: int
    steps: int
    pieces: int | None = None
    """The micro-batches that were chosen by the memory, where the phase leaves them to it; None before the choice."""
    refit: Refit | None = None
    """Where the phase runs again on training and validation examples together, how far; None elsewhere."""
    mixing: Mixing | None = None
    """How training examples are mixed with each other, if they are."""
    modality: str = IMAGE
    """The modality of the examples, on which the operations of an augmentation depend."""
    noise: NoiseSounds | None = None
    """The sounds that are mixed in as noise, if any are."""
    image_size: Size | None = None
    """Height and width of its training images, where they are not the model's; it is measured at the model's size."""
    at_own_size: CutModel | None = None
    """The model at its own size as the phase measures it, where its training images have another."""
    by_part: Mapping[str, tuple[Stage, ...]] = field(default_factory=dict)
    """The stages by part, where examples have several inputs, which have prefixes of their own."""

    @property
    def folder(self) -> str:
        """Return the phase's directory within the run directory."""
        return f"{REFIT if self.refit else 'phases'}/{self.index:02d}-{self.phase.name}"

    def cut_at(self, image_size: Size | None) -> CutModel:
        """Return the model as the phase computes it at the size of its training images or, for None, at the model's.

        All that is measured has the size of the model.
        """
        own = self.at_own_size if image_size is None else None
        return own or CutModel(self.partition, self.stages, self.by_part)

    @property
    def stored_cut(self) -> tuple[Any, ...]:
        """Return the tensors of its cut, of the types that its frozen part gives."""
        ends = [own[-1] for own in self.by_part.values() if own] or list(self.stages[-1:])
        known = {tensor.name: tensor for stage in ends if stage.precision for tensor in stage.cut}
        return tuple(known.get(tensor.name, tensor) for tensor in self.partition.cut)

    @property
    def draws(self) -> int:
        """Return the number of the phase in the addresses of its random draws: its index, and another in a refit."""
        return self.index + (REFIT_DRAWS if self.refit else 0)

    @property
    def rate_steps(self) -> int:
        """Return the steps over which its learning rates are laid out."""
        return self.refit.rate_steps if self.refit else self.steps

    @property
    def files(self) -> tuple[str, ...]:
        """Return the files a finished phase leaves, checkpoints aside."""
        return tuple(f"{self.folder}/{name}" for name in ("history.csv", "best.safetensors", "result.json"))

    @property
    def further_files(self) -> tuple[str, ...]:
        """Return the files that a finished phase leaves where they are asked for."""
        return (f"{self.folder}/{NORMS_FILE}",)

    @property
    def changing(self) -> tuple[str, ...]:
        """Return the paths of all variables that training changes: those that train, and updated statistics."""
        return (*self.trained, *self.selection.statistics)

    @property
    def operations(self) -> dict[str, Any] | None:
        """Return the operations that training examples are augmented by, or None where none does anything."""
        operations = self.phase.augment.resolve(self.modality)
        return operations if is_active(operations) else None

    @property
    def passes(self) -> int:
        """Return how often training reads the examples.

        A solver keeps their features in memory: it reads each view once, and once more where the run is interrupted.
        """
        return max(2, self.phase.augment.views or 1) if self.phase.is_solved else self.epochs

    @property
    def augments(self) -> bool:
        """Return whether training examples are changed or mixed, so that they differ from those of validation."""
        return self.operations is not None or self.mixing is not None

    def replica_rows(self, replicas: int) -> int:
        """Return the rows of one batch on one of so many replicas, padding included."""
        return math.ceil(self.batch_size / replicas)

    def chunk_rows(self, replicas: int) -> int:
        """Return the rows that the chunk of the frozen part is chosen by: of a batch, in however many pieces it is."""
        whole = self.update_batch if self.phase.accumulate == "auto" else self.batch_size
        return math.ceil(whole / replicas)


@dataclass(frozen=True)
class Plan:
    """All phases of a run and the batch shape their frozen prefixes are computed in."""

    phases: tuple[PhasePlan, ...]
    chunk: int
    decision: CachePlan
    """Which features and inputs are cached, and for which phases."""
    document: Mapping[str, Any]
    """The plan as plan.json has it."""

    @property
    def is_refit(self) -> bool:
        """Whether the phases run again on training and validation examples together."""
        return self.phases[0].refit is not None

    @property
    def history_file(self) -> str:
        """Return the file of the run that has a row for every epoch of these phases."""
        return f"{REFIT}/history.csv" if self.is_refit else "history.csv"


@dataclass(frozen=True)
class EvaluationPlan:
    """The partition and the batch shapes that reproduce the outputs of a run's last validation."""

    selection: Selection
    trained: tuple[str, ...]
    partition: Partition
    stages: tuple[Stage, ...]
    batch_size: int
    chunk: int
    by_part: Mapping[str, tuple[Stage, ...]] = field(default_factory=dict)
    """The stages by part, where examples have several inputs."""

    @property
    def cut(self) -> CutModel:
        """Return the model as it is computed."""
        return CutModel(self.partition, self.stages, self.by_part)


def augmentation(session: Session, plan: PhasePlan) -> Augmentation | None:
    """Return how a phase augments and mixes its training examples, if it does."""
    if not plan.augments:
        return None
    operations = plan.phase.augment.resolve(plan.modality)
    if plan.noise is not None:
        operations = {**operations, "noise": plan.noise}
    if not session.config.rules.zooms_evenly and "zoom" in operations:
        operations = {**operations, "zoom": 0.0, "inverse_zoom": operations["zoom"]}
    return Augmentation(operations, session.config.seed, plan.draws, plan.phase.augment.views, plan.mixing)
