"""Units: the smallest freezable pieces of a backbone, ordered from input to output."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.lora import Adapter, adapters

# Nobody looks through more units than this; beyond it blocks of a stage are taken together.
_MOST_UNITS = 40


@dataclass(frozen=True)
class Unit:
    """An ordered, named group of layers; together the units hold every variable of a backbone exactly once."""

    id: str
    layers: tuple[keras.layers.Layer, ...]
    output_shape: tuple[int | None, ...]
    blocks: tuple[str, ...] = ()
    """The ids of the blocks that were taken together to this unit; empty where it is one alone."""
    part: str = ""
    """The input that its backbone reads, where there are several backbones; empty for the only one."""

    @property
    def variables(self) -> list[keras.Variable]:
        """Return the unit's variables, statistics of normalisation layers included, states of seeds left out."""
        return [variable for layer in self.layers for variable in layer.variables if not is_seed(variable)]

    @property
    def adapters(self) -> list[Adapter]:
        """Return the low-rank adapters on the unit's layers, whose variables are among the unit's."""
        return adapters(self.layers)

    @property
    def base_variables(self) -> list[keras.Variable]:
        """Return the unit's variables without those of adapters: what the backbone is made of."""
        added = {id(variable) for adapter in self.adapters for variable in adapter.variables}
        return [variable for variable in self.variables if id(variable) not in added]

    @property
    def parameters(self) -> int:
        """Return the number of scalars in the unit's variables, adapters left out."""
        return sum(count(variable) for variable in self.base_variables)


def is_seed(variable: keras.Variable) -> bool:
    """Return whether a variable is the state of a Keras seed generator, which addressed draws never use."""
    return variable.path.endswith("seed_generator_state")


def count(variable: keras.Variable) -> int:
    """Return the number of scalars in a variable."""
    total = 1
    for size in variable.shape:
        total *= int(size)
    return total


def units_by_name(model: keras.Model, unit_of: Callable[[str], str | None]) -> tuple[Unit, ...]:
    """Group the layers of a functional model into units by name, in the order of the graph.

    `unit_of` maps a layer's name to a unit id, or None for a layer that belongs to the unit before it. A layer without
    variables never opens a unit. Where more than 40 units come of it, consecutive blocks of a stage (`stage4_block1`,
    `stage4_block2`) become one, by the smallest number of blocks that is enough, with the id of the first of them.
    Raises ValueError when a layer with variables comes before any unit.
    """
    order: list[str] = []
    members: dict[str, list[keras.layers.Layer]] = {}
    shapes: dict[str, tuple[int | None, ...]] = {}
    seen: set[int] = set()
    current: str | None = None
    for node in keras_private.nodes_in_order(model):
        layer = node.operation
        if not isinstance(layer, keras.layers.Layer) or id(layer) in seen:
            continue
        seen.add(id(layer))
        name = own = unit_of(layer.name)
        if name is None or (name not in members and not _has_variables(layer)):
            name = current
        if name is None:
            if _has_variables(layer):
                raise ValueError(f"layer {layer.name} of {model.name} belongs to no unit")
            continue
        if name not in members:
            members[name] = []
            order.append(name)
        current = name
        members[name].append(layer)
        # The padding before the first layer of the next unit is no output of this one.
        if own in (None, name):
            shapes[name] = tuple(node.outputs[0].shape)
    return _group([Unit(name, tuple(members[name]), shapes[name]) for name in order])


def units_in(units: Sequence[Unit], old: keras.Model, new: keras.Model) -> tuple[Unit, ...]:
    """Return the units of a model in another one of the same layers, with the output shapes that these have there.

    Layers that the other model lacks are left out of their unit, and so are units without variables.
    """
    before, after = _output_shapes(old), _output_shapes(new)
    found = []
    for unit in units:
        layers = tuple(layer for layer in unit.layers if id(layer) in after)
        if not any(_has_variables(layer) for layer in layers):
            continue
        ends = [layer for layer in layers if before[id(layer)] == tuple(unit.output_shape)] or layers
        found.append(dataclasses.replace(unit, layers=layers, output_shape=after[id(ends[-1])]))
    return tuple(found)


def _output_shapes(model: keras.Model) -> dict[int, tuple[int | None, ...]]:
    return {id(node.operation): tuple(node.outputs[0].shape) for node in keras_private.nodes_in_order(model)}


def _group(units: Sequence[Unit]) -> tuple[Unit, ...]:
    stages = [list(run) for _, run in itertools.groupby(units, key=lambda unit: unit.id.partition("_block")[0])]
    longest = max(map(len, stages), default=0)
    size = 1
    while size < longest and sum(math.ceil(len(stage) / size) for stage in stages) > _MOST_UNITS:
        size += 1
    together = [stage[start : start + size] for stage in stages for start in range(0, len(stage), size)]
    return tuple(merge_units(blocks) for blocks in together)


def merge_units(blocks: Sequence[Unit]) -> Unit:
    """Return consecutive units as one, with the id of the first of them."""
    layers = tuple(layer for unit in blocks for layer in unit.layers)
    held = tuple(name for unit in blocks for name in unit.blocks or (unit.id,)) if len(blocks) > 1 else blocks[0].blocks
    return Unit(blocks[0].id, layers, blocks[-1].output_shape, held)


def _has_variables(operation: Any) -> bool:
    return any(not is_seed(variable) for variable in getattr(operation, "variables", []))
