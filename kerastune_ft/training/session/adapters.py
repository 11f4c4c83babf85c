"""The low-rank adapters of a whole schedule: built once with the model, for every phase that will train them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import lora
from kerastune_ft.graph.boundary import Selection
from kerastune_ft.graph.lora import Adapter
from kerastune_ft.graph.lora_targets import adapted, targets
from kerastune_ft.graph.units import Unit, count

if TYPE_CHECKING:
    from kerastune_ft.training.session.session import Session


@dataclass(frozen=True)
class _Asked:
    """A layer that a phase wants an adapter on, and of which rank and alpha."""

    layer: keras.layers.Layer
    phase: str
    rank: int
    alpha: float

    @property
    def text(self) -> str:
        return f"{self.phase} has rank {self.rank} and alpha {self.alpha:g}"


def place_of(index: int, phase: Phase) -> str:
    """Return how messages name a phase."""
    return f"phases[{index}] ({phase.name})"


def build(phases: Sequence[Phase], units: Sequence[Unit], seed: int) -> None:
    """Give the layers of these units the adapters that the phases ask for; call it in the strategy's scope.

    All are without effect until they train. Raises ConfigError where two phases want different ones on a layer.
    """
    asked: dict[str, _Asked] = {}
    for index, phase in enumerate(phases):
        if phase.lora is None:
            continue
        for own in targets(phase.lora, phase.unfreeze, units, place_of(index, phase)).values():
            for path, layer in own.items():
                wanted = _Asked(layer, place_of(index, phase), phase.lora.rank, phase.lora.strength)
                _check_same(path, asked.setdefault(path, wanted), wanted)
    for path, one in asked.items():
        lora.attach(one.layer, path, one.rank, one.alpha, seed)


def _check_same(path: str, first: _Asked, other: _Asked) -> None:
    if (first.rank, first.alpha) != (other.rank, other.alpha):
        raise ConfigError(
            f"{other.phase}.lora: the adapter on {path} is that of an earlier phase: {first.text}, and {other.text}; "
            "give both the same, or other layers in unfreeze or targets"
        )


def selected(phase: Phase, units: Sequence[Unit], place: str) -> Selection:
    """Return what trains of the backbone in a phase with adapters."""
    assert phase.lora is not None
    return adapted(targets(phase.lora, phase.unfreeze, units, place))


def trained(session: Session, paths: Sequence[str]) -> list[Adapter]:
    """Return the adapters among what trains."""
    wanted = set(paths)
    return [adapter for adapter in lora.adapters([session.model]) if adapter.a.path in wanted]


def parameters(found: Sequence[Adapter]) -> int:
    """Return the number of scalars of these adapters."""
    return sum(count(variable) for adapter in found for variable in adapter.variables)


def document(found: Sequence[Adapter]) -> list[dict[str, Any]]:
    """Return the adapters of a run as plan.json has them."""
    return [
        {
            "layer": adapter.path,
            "kernel": adapter.kernel.path,
            "variables": [variable.path for variable in adapter.variables],
            "rank": adapter.rank,
            "alpha": adapter.alpha,
            "parameters": parameters([adapter]),
        }
        for adapter in found
    ]


def phase_document(phase: Phase, found: Sequence[Adapter]) -> dict[str, Any] | None:
    """Return the adapters that a phase trains as plan.json has them."""
    if phase.lora is None:
        return None
    return {
        "rank": phase.lora.rank,
        "alpha": phase.lora.strength,
        "targets": None if phase.lora.targets is None else list(phase.lora.targets),
        "layers": [adapter.path for adapter in found],
        "parameters": parameters(found),
    }


def notes(phase: Phase, found: Sequence[Adapter]) -> list[str]:
    """Return what to say of adapters that are no smaller than the kernels they stand in for."""
    large = [adapter for adapter in found if parameters([adapter]) >= count(adapter.kernel)]
    if not large:
        return []
    return [
        f"phase {phase.name}: {len(large)} of {len(found)} adapters of rank {large[0].rank} have as many parameters "
        f"as their kernels or more ({large[0].path}: {parameters(large[:1])} of {count(large[0].kernel)}); a smaller "
        "rank, or training the units themselves, suits them better"
    ]
