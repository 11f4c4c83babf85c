"""Units of a backbone by graph depth, for models whose layer names do not tell; and those that no depth can part."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.trainable import begins_a_step
from kerastune_ft.graph.units import Unit, is_seed, merge_units

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
    return tuple(Unit(part_id(number), tuple(layers), shape) for number, (layers, shape) in enumerate(groups, start=1))


def part_id(number: int) -> str:
    """Return the id of a unit that is known by its place alone, counted from 1 at the input."""
    return f"part{number}"


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


def join_alternating(model: keras.Model, units: Sequence[Unit]) -> tuple[Unit, ...]:
    """Return the units with those together whose layers are used by turns, and all units between them.

    Of such layers none comes before the other: p, q, p, q cannot be cut between p and q. A unit of several has the id
    of the first of them; units that are counted, `part1`, `part2`, ..., are counted anew.
    """
    place = {id(layer): number for number, unit in enumerate(units) for layer in unit.layers}
    joined = set[int]()
    for first, second in find_alternating(model):
        low, high = sorted((place[id(first)], place[id(second)]))
        joined |= set(range(low, high))
    groups: list[list[Unit]] = []
    for number, unit in enumerate(units):
        if number - 1 in joined:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    merged = (dataclasses.replace(merge_units(group), blocks=group[0].blocks) for group in groups)
    if any(unit.id != part_id(number) for number, unit in enumerate(units, start=1)):
        return tuple(merged)
    return tuple(dataclasses.replace(unit, id=part_id(number)) for number, unit in enumerate(merged, start=1))


def find_alternating(model: keras.Model) -> list[tuple[keras.layers.Layer, keras.layers.Layer]]:
    """Return the pairs of layers with variables that are used by turns: one, the other, the one and the other again.

    Every use computes from the one before it, directly or not; uses side by side, as of a layer for two branches, are
    no turns.
    """
    nodes = keras_private.nodes_in_order(model)
    layers = {id(node.operation): node.operation for node in nodes if _has_variables(node.operation)}
    counts = Counter(id(node.operation) for node in nodes)
    reused = {each for each in layers if counts[each] > 1}
    if len(reused) < 2:
        return []
    # Of each tensor: the layers it depends on, then the chains of two, three and four uses (a, b, a, b), as (a, b).
    single: dict[int, frozenset[int]] = {}
    chains: dict[int, tuple[frozenset[tuple[int, int]], ...]] = {}
    for node in nodes:
        below = [id(tensor) for tensor in node.inputs if id(tensor) in single]
        ones = frozenset(itertools.chain.from_iterable(single[each] for each in below))
        twos, threes, fours = (
            frozenset(itertools.chain.from_iterable(chains[each][length] for each in below)) for length in range(3)
        )
        own = id(node.operation)
        if own in reused:
            # The longest first: this use is one link of a chain, never two.
            fours |= {(a, b) for a, b in threes if b == own}
            threes |= {(a, b) for a, b in twos if a == own}
            twos |= {(a, own) for a in ones if a != own}
            ones |= {own}
        for tensor in node.outputs:
            single[id(tensor)], chains[id(tensor)] = ones, (twos, threes, fours)
    found = frozenset(itertools.chain.from_iterable(chains[id(tensor)][2] for tensor in model.outputs))
    return [
        (layers[a], layers[b]) for a, b in sorted(found, key=lambda pair: [list(layers).index(one) for one in pair])
    ]


def _has_variables(operation: object) -> bool:
    return any(not is_seed(variable) for variable in getattr(operation, "variables", ()))
