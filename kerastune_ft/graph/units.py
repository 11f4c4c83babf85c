"""Units: the smallest freezable pieces of a backbone, ordered from input to output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras

from kerastune_ft.graph import keras_private


@dataclass(frozen=True)
class Unit:
    """An ordered, named group of layers; together the units hold every variable of a backbone exactly once."""

    id: str
    layers: tuple[keras.layers.Layer, ...]
    output_shape: tuple[int | None, ...]

    @property
    def variables(self) -> list[keras.Variable]:
        """Return the unit's variables, statistics of normalisation layers included, states of seeds left out."""
        return [variable for layer in self.layers for variable in layer.variables if not is_seed(variable)]

    @property
    def parameters(self) -> int:
        """Return the number of scalars in the unit's variables."""
        return sum(count(variable) for variable in self.variables)


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
    variables never opens a unit. Raises ValueError when a layer with variables comes before any unit.
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
        name = unit_of(layer.name)
        if name is None or (name not in members and not layer.variables):
            name = current
        if name is None:
            if layer.variables:
                raise ValueError(f"layer {layer.name} of {model.name} belongs to no unit")
            continue
        if name not in members:
            members[name] = []
            order.append(name)
        current = name
        members[name].append(layer)
        shapes[name] = tuple(node.outputs[0].shape)
    return tuple(Unit(name, tuple(members[name]), shapes[name]) for name in order)


def units_by_depth(model: keras.Model, pieces: int = 16) -> tuple[Unit, ...]:
    """Group the layers of a functional model by graph depth, for models whose layer names do not tell.

    Places where a single tensor crosses the graph are the possible boundaries; they are thinned so that each unit holds
    about the same share of the layers with variables. Ids are `part1`, `part2`, ... from the input.
    """
    nodes = keras_private.nodes_in_order(model)
    boundaries = _single_tensor_cuts(model, nodes)
    groups: list[list[keras.layers.Layer]] = [[]]
    shapes: list[tuple[int | None, ...]] = [()]
    seen: set[int] = set()
    for position, node in enumerate(nodes):
        layer = node.operation
        if (
            isinstance(layer, keras.layers.Layer)
            and id(layer) not in seen
            and not isinstance(layer, keras.layers.InputLayer)
        ):
            seen.add(id(layer))
            groups[-1].append(layer)
        shapes[-1] = tuple(node.outputs[0].shape)
        if position in boundaries and any(member.variables for member in groups[-1]):
            groups.append([])
            shapes.append(())
    if not any(member.variables for member in groups[-1]) and len(groups) > 1:
        tail, shape = groups.pop(), shapes.pop()
        groups[-1].extend(tail)
        shapes[-1] = shape or shapes[-1]
    weighted = sum(bool(layer.variables) for group in groups for layer in group)
    merged, merged_shapes = _merge(groups, shapes, max(1, round(weighted / pieces)))
    return tuple(
        Unit(f"part{number}", tuple(group), shape)
        for number, (group, shape) in enumerate(zip(merged, merged_shapes, strict=True), start=1)
    )


def _single_tensor_cuts(model: keras.Model, nodes: Sequence[keras_private.Node]) -> set[int]:
    """Return the positions in the node order after which exactly one tensor is still needed."""
    last_use: dict[int, int] = {}
    for position, node in enumerate(nodes):
        for tensor in node.inputs:
            last_use[id(tensor)] = position
    for tensor in model.outputs:
        last_use[id(tensor)] = len(nodes)
    live: set[int] = set()
    cuts = set()
    for position, node in enumerate(nodes):
        live |= {id(tensor) for tensor in node.outputs if last_use.get(id(tensor), -1) > position}
        live = {tensor for tensor in live if last_use[tensor] > position}
        if len(live) == 1:
            cuts.add(position)
    return cuts


def _merge(groups: list[list], shapes: list, smallest: int) -> tuple[list[list], list]:
    merged: list[list] = []
    merged_shapes: list = []
    for group, shape in zip(groups, shapes, strict=True):
        if merged and sum(bool(layer.variables) for layer in merged[-1]) < smallest:
            merged[-1].extend(group)
            merged_shapes[-1] = shape
        else:
            merged.append(list(group))
            merged_shapes.append(shape)
    return merged, merged_shapes
