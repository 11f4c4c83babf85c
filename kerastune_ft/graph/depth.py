"""Units of a backbone by graph depth, for models whose layer names do not tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.trainable import begins_a_step
from kerastune_ft.graph.units import Unit

# A graph that narrows to one tensor in fewer places than this is also cut where up to three cross it.
_FEWEST_PIECES = 5
_WIDEST_CUT = 3

_ACTIVATIONS = (keras.layers.Activation, keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.ELU)

_Group = tuple[list[keras.layers.Layer], tuple[int | None, ...]]


def units_by_depth(model: keras.Model, pieces: int = 16) -> tuple[Unit, ...]:
    """Group the layers of a functional model by graph depth, for models whose layer names do not tell.

    Places where few tensors cross the graph, one if possible, are the boundaries, save where they would part a layer
    from the normalisation, activation, pooling or dropout that follows it. They are thinned so that each unit holds
    about the same share of the layers with weights to train, one at least. Ids are `part1`, `part2`, ... from the
    input.
    """
    nodes = keras_private.nodes_in_order(model)
    beginning = {id(node.operation) for node in nodes if _begins_a_step(node.operation)}
    crossing = _crossing(model, nodes, beginning)
    smallest = max(1, round(len(beginning) / pieces))
    groups: list[_Group] = []
    for widest in range(1, _WIDEST_CUT + 1):
        groups = _groups(nodes, [width is not None and width <= widest for width in crossing], beginning, smallest)
        if len(groups) >= min(_FEWEST_PIECES, pieces):
            break
    return tuple(Unit(f"part{number}", tuple(layers), shape) for number, (layers, shape) in enumerate(groups, start=1))


def _begins_a_step(operation: Any) -> bool:
    return isinstance(operation, keras.layers.Layer) and begins_a_step(operation)


def _groups(
    nodes: Sequence[keras_private.Node], may_end: Sequence[bool], beginning: Collection[int], smallest: int
) -> list[_Group]:
    """Return the layers in groups with at least `smallest` that begin a step; the last takes what is left over."""
    groups: list[_Group] = []
    layers: list[keras.layers.Layer] = []
    seen: set[int] = set()
    weighted = 0
    for node, is_boundary in zip(nodes, may_end, strict=True):
        layer = node.operation
        if (
            isinstance(layer, keras.layers.Layer)
            and id(layer) not in seen
            and not isinstance(layer, keras.layers.InputLayer)
        ):
            seen.add(id(layer))
            layers.append(layer)
            weighted += id(layer) in beginning
        if is_boundary and weighted >= smallest:
            groups.append((layers, tuple(node.outputs[0].shape)))
            layers, weighted = [], 0
    if weighted or not groups:
        return [*groups, (layers, tuple(nodes[-1].outputs[0].shape))]
    groups[-1] = ([*groups[-1][0], *layers], tuple(nodes[-1].outputs[0].shape))
    return groups


def _crossing(model: keras.Model, nodes: Sequence[keras_private.Node], beginning: Collection[int]) -> list[int | None]:
    """Return how many tensors are still needed after each node; None where one of them must not cross a boundary."""
    last_use: dict[int, int] = {}
    readers: dict[int, list[keras_private.Node]] = defaultdict(list)
    for position, node in enumerate(nodes):
        for tensor in node.inputs:
            last_use[id(tensor)] = position
            readers[id(tensor)].append(node)
    for tensor in model.outputs:
        last_use[id(tensor)] = len(nodes)
    stays = {
        id(tensor) for node in nodes for tensor in node.outputs if not _may_cross(node, readers[id(tensor)], beginning)
    }
    live: set[int] = set()
    widths: list[int | None] = []
    for position, node in enumerate(nodes):
        live |= {id(tensor) for tensor in node.outputs}
        live = {tensor for tensor in live if last_use.get(tensor, -1) > position}
        widths.append(None if live & stays else len(live))
    return widths


def _may_cross(node: keras_private.Node, readers: Sequence[keras_private.Node], beginning: Collection[int]) -> bool:
    """Return whether what a node gives may be what one unit gets from another."""
    if _merges(node, beginning) or isinstance(node.operation, keras.layers.InputLayer):
        return len(readers) != 1 or not isinstance(readers[0].operation, _ACTIVATIONS)
    return all(id(reader.operation) in beginning or _merges(reader, beginning) for reader in readers)


def _merges(node: keras_private.Node, beginning: Collection[int]) -> bool:
    """Return whether a node brings paths together, as a sum or a concatenation does."""
    return len({id(tensor) for tensor in node.inputs}) > 1 and id(node.operation) not in beginning
