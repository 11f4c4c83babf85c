"""What `runtime.frozen_precision` makes of a plan: frozen parts that compute, and give what is stored, in bfloat16."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.partition import CutModel, Stage
from kerastune_ft.graph.rebuild.precision import BFLOAT16, FLOAT32
from kerastune_ft.training.plan.phase_plan import PhasePlan

_TYPE = "bfloat16"


def lower_phases(config: RunConfig, phases: Sequence[PhasePlan], has_targets: bool = False) -> list[PhasePlan]:
    """Return phases with frozen parts of the type that is asked for; themselves where none is.

    Raises ConfigError where nothing is frozen in any of them, or where rows are of inputs and targets of lengths of
    their own (`has_targets`), as those of an encoder and a decoder.
    """
    if config.runtime.frozen_precision is None:
        return list(phases)
    if has_targets:
        raise ConfigError(
            "runtime.frozen_precision: a model of an encoder and a decoder stores rows of two lengths, which are kept "
            "in float32 alone; remove it"
        )
    lowered = [_lower_phase(each) for each in phases]
    if not any(each.stages for each in lowered):
        raise ConfigError(
            "runtime.frozen_precision: it has no effect, since nothing is frozen below what the phases train; remove it"
        )
    return lowered


def _lower_phase(plan: PhasePlan) -> PhasePlan:
    by_part = _lower_parts(plan.by_part)
    # Those of all parts are one after the other, and the same objects.
    stages = tuple(each for own in by_part.values() for each in own) if by_part else _lower(plan.stages)
    own = plan.at_own_size
    at_own_size = own and CutModel(own.partition, _lower(own.stages), _lower_parts(own.by_part))
    return replace(plan, stages=stages, by_part=by_part, at_own_size=at_own_size)


def _lower_parts(by_part: Mapping[str, tuple[Stage, ...]]) -> dict[str, tuple[Stage, ...]]:
    return {part: _lower(stages) for part, stages in by_part.items()}


def _lower(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    return tuple(replace(each, precision=BFLOAT16, cut=tuple(map(_lower_tensor, each.cut))) for each in stages)


def _lower_tensor(tensor: Any) -> Any:
    if tensor.dtype != FLOAT32:
        return tensor
    return keras.KerasTensor(tensor.shape, _TYPE, name=tensor.name)


def notes(config: RunConfig) -> list[str]:
    """Return what a plan says of it."""
    if config.runtime.frozen_precision is None:
        return []
    return [
        "the frozen part computes in bfloat16, of 8 bits instead of 24, and takes half the bytes where it is stored; "
        "what trains is in float32 on these features, in training and in validation alike. The final metrics, "
        "predictions and model.keras are of the trained weights with a frozen part in float32; the run says how far "
        "the validation loss of both is apart"
    ]
