"""The low-rank adapters of a whole schedule: built once with the model, for every phase that will train them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import lora
from kerastune_ft.graph.boundary import Selection
from kerastune_ft.graph.lora import Adapter
from kerastune_ft.graph.lora_targets import find_targets, select_adapters
from kerastune_ft.graph.units import Unit, count


@dataclass(frozen=True)
class _Request:
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
    for path, wanted in _collect(phases, units).items():
        lora.attach(wanted.layer, path, wanted.rank, wanted.alpha, seed)


def check_built(model: keras.Model, phases: Sequence[Phase], units: Sequence[Unit]) -> None:
    """Raise ConfigError where these phases want an adapter that the model was not built with."""
    built = {adapter.path: (adapter.rank, adapter.alpha) for adapter in lora.adapters([model])}
    for path, wanted in _collect(phases, units).items():
        if built.get(path) != (wanted.rank, wanted.alpha):
            raise ConfigError(
                f"{wanted.phase}.lora: the model was built without an adapter of rank {wanted.rank} and alpha "
                f"{wanted.alpha:g} on {path}; build it with the phases of all schedules"
            )


def _collect(phases: Sequence[Phase], units: Sequence[Unit]) -> dict[str, _Request]:
    """Return the adapters that phases ask for by the path of their layer."""
    requests: dict[str, _Request] = {}
    for index, phase in enumerate(phases):
        if phase.lora is None:
            continue
        for own in find_targets(phase.lora, phase.unfreeze, units, place_of(index, phase)).values():
            for path, layer in own.items():
                request = _Request(layer, place_of(index, phase), phase.lora.rank, phase.lora.strength)
                _check_same(path, requests.setdefault(path, request), request)
    return requests


def _check_same(path: str, first: _Request, other: _Request) -> None:
    if (first.rank, first.alpha) != (other.rank, other.alpha):
        raise ConfigError(
            f"{other.phase}.lora: the adapter on {path} is that of an earlier phase: {first.text}, and {other.text}; "
            "give both the same, or other layers in unfreeze or targets"
        )


def select(phase: Phase, units: Sequence[Unit], place: str) -> Selection:
    """Return what trains of the backbone in a phase with adapters."""
    assert phase.lora is not None
    return select_adapters(find_targets(phase.lora, phase.unfreeze, units, place))


def find_trained(model: keras.Model, paths: Sequence[str]) -> list[Adapter]:
    """Return the adapters among what trains."""
    wanted = set(paths)
    return [adapter for adapter in lora.adapters([model]) if adapter.a.path in wanted]


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
