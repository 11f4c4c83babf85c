"""Pins and hashes of schedules: what runs with different schedules need to share stores and finished phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from kerastune_ft.config.options.runtime import Pinned
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.config.words import unknown_message
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private


@dataclass(frozen=True)
class Pins:
    """The batch shape and the first cut of frozen prefixes, given from outside.

    A plan otherwise derives both from all of its own phases, and both stand in the keys of stores. Plans with the same
    pins compute their frozen prefixes alike, so that they share stores.
    """

    chunk: int
    """The rows that every call of a frozen prefix gets on a replica."""
    trained: frozenset[str]
    """Paths of the variables that some phase of some schedule trains."""
    live: frozenset[str]
    """Names of the layers that draw in training, or update statistics, in some phase of some schedule."""

    def to_json(self) -> dict[str, Any]:
        """Return the pins as plan.json has them."""
        return {"chunk": self.chunk, "trained": sorted(self.trained), "live": sorted(self.live)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Pins:
        """Return the pins that `to_json` described."""
        return cls(document["chunk"], frozenset(document["trained"]), frozenset(document["live"]))


def pins_in(document: Mapping[str, Any] | None) -> Pins | None:
    """Return the pins that a plan.json was made with, or None."""
    return Pins.from_json(document["pinned"]) if document and "pinned" in document else None


def schedule_hash(config: RunConfig, last: int) -> str:
    """Return the SHA-256 of all that decides the results of the phases up to number `last`.

    Later phases and `output` do not count: runs of equal hash and equal pins have the same weights after that phase.
    """
    return config_hash(config.model_copy(update={"phases": config.phases[: last + 1], "auto": None}))


def find_first_layers(pins: Pins, model: keras.Model) -> tuple[str, ...]:
    """Return the names of the layers above which nothing stays frozen for all schedules, in the order of the model.

    Everything that depends on one of them is above, so that these few names stand for all of `trained` and `live`.
    """
    above: set[int] = set()
    found: list[str] = []
    for node in keras_private.nodes_in_order(model):
        name, variables = node.operation.name, getattr(node.operation, "variables", [])
        begins = name in pins.live or any(variable.path in pins.trained for variable in variables)
        is_above = any(id(tensor) in above for tensor in node.inputs)
        if begins or is_above:
            above |= {id(tensor) for tensor in node.outputs}
        if begins and not is_above and name not in found:
            found.append(name)
    return tuple(found)


def read_pins(options: Pinned | None, model: keras.Model) -> Pins | None:
    """Return the pins of `runtime.pinned`, or None; raises ConfigError for layers that the model does not have."""
    if options is None:
        return None
    names = {node.operation.name for node in keras_private.nodes_in_order(model)}
    for index, name in enumerate(options.layers):
        if name not in names:
            message, _ = unknown_message(name, names, "layer of this model", more="python -m kerastune_ft units")
            raise ConfigError(f"runtime.pinned.layers[{index}]: {message}; or remove runtime.pinned")
    return Pins(options.chunk, frozenset(), frozenset(options.layers))


def describe_pins(options: Pinned) -> str:
    """Return what a plan says of `runtime.pinned`."""
    return (
        f"runtime.pinned: the frozen part is computed on {options.chunk} examples at a time, in a call of its own up "
        f"to {', '.join(options.layers)}, as in the search that wrote it; without it the last digits may differ"
    )
