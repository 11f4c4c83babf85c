"""Endpoints: the tensors of a backbone that a head can read, such as its feature maps, one for each stride.

Feature maps are found in the graph and not looked up by name, so every architecture has them, a saved model as well.
Each is taken where a unit ends: there a residual network is at its narrowest, and what is tapped there trains exactly
where the unit does, so it can be stored as soon as the unit is frozen. Of a transformer the positions are laid out as
the grid of patches that they stand for, without class tokens and registers: one map, or one for each of its stages.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from kerastune_ft.backbones import patch_grid
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.units import Unit, is_seed

STRIDES = (2, 4, 8, 16, 32)
FEATURES = "features"
"""The endpoint that every backbone has: its last features, which a head for one result per example reads."""

# A 1x1 convolution that widens the features for a classifier to pool; it has no place of its own in a pyramid.
_TOP = "top"
# Their output is the same map with a border, or the image with another range.
_NO_FEATURES = (
    keras.layers.InputLayer,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping2D,
    keras.layers.Rescaling,
    keras.layers.Normalization,
)


def stride_endpoints(model: keras.Model, units: Sequence[Unit], prefix_tokens: int = 0) -> dict[str, Any]:
    """Return the feature maps of a functional model on images by `stride2` ... `stride32`, from fine to coarse.

    For each stride it is the deepest tensor of that size that alone crosses the graph where a unit ends; else one of
    several that do (NASNet); else one inside a unit that alone crosses; else the deepest. Strides that the model does
    not have are left out, and so is what follows the last block to be pooled (the unit `top`). A model that does not
    take images of one size has none.

    Of a model that ends in positions [positions, channels] they are positions laid out as a map, without the first
    `prefix_tokens`, which are no patches. A stride is then the power of two next to the side of a patch. There every
    block gives one tensor, and the deepest of a stage is taken: Swin's unit ends after its patches were merged.
    """
    size = tuple(model.inputs[0].shape[1:3])
    if len(model.inputs[0].shape) != 4 or None in size:
        return {}
    has_positions = len(model.outputs[0].shape) == 3
    strides = _strides_of_positions(model, prefix_tokens) if has_positions else _strides(model)
    chosen: dict[int, tuple[int, Any]] = {}
    for place in _places(model, units):
        for tensor in place.node.outputs:
            stride = strides.get(id(tensor), 0)
            if stride in STRIDES and place.has_features(tensor):
                rank = place.rank(tensor, at_ends=not has_positions)
                if rank >= chosen.get(stride, (-1, None))[0]:
                    chosen[stride] = (rank, tensor)
    found = {f"stride{stride}": chosen[stride][1] for stride in STRIDES if stride in chosen}
    if not has_positions:
        return found
    return {name: patch_grid.lay_out(tensor, prefix_tokens, size, name) for name, tensor in found.items()}


def endpoint_units(model: keras.Model, units: Sequence[Unit], endpoints: Mapping[str, Any]) -> dict[str, str]:
    """Return by endpoint the id of the last unit it is computed by: it trains where that one does."""
    owners = _owners(units)
    latest: dict[int, int] = {}
    for node in keras_private.nodes_in_order(keras.Model(model.inputs, dict(endpoints))):
        above = max([_owner(node, owners), *(latest[id(tensor)] for tensor in node.inputs)])
        latest |= {id(tensor): above for tensor in node.outputs}
    return {name: units[latest[id(tensor)]].id for name, tensor in endpoints.items()}


def model_endpoints(model: keras.Model, units: Sequence[Unit], prefix_tokens: int = 0) -> dict[str, Any]:
    """Return every endpoint of a backbone's model by name; for a model that gives chosen endpoints, these alone."""
    outputs = model_outputs(model)
    if isinstance(model.output, dict):
        return outputs
    return {**outputs, **stride_endpoints(model, units, prefix_tokens)}


def model_outputs(model: keras.Model) -> dict[str, Any]:
    """Return by name the endpoints that a backbone's model gives: chosen ones, or `features`."""
    return dict(model.output) if isinstance(model.output, dict) else {FEATURES: model.output}


@dataclass
class _Place:
    """A place in the graph: right after a node."""

    node: keras_private.Node
    live: frozenset[int]
    """The tensors made so far that are still to be read."""
    is_end: bool
    """True where all units so far are complete and none of those that follow has begun."""
    weighted: frozenset[int] = field(repr=False)
    """Those outputs of the node that depend on weights."""

    def has_features(self, tensor: Any) -> bool:
        """Tell whether a tensor made here is a feature map."""
        return id(tensor) in self.weighted and not isinstance(self.node.operation, _NO_FEATURES)

    def rank(self, tensor: Any, *, at_ends: bool = True) -> int:
        """Return how good an endpoint a tensor made here is; `at_ends` tells whether ends of units are better."""
        if self.live == {id(tensor)}:
            return 3 if self.is_end and at_ends else 1
        return 2 if self.is_end and id(tensor) in self.live and at_ends else 0


def _places(model: keras.Model, units: Sequence[Unit]) -> list[_Place]:
    """Return the places of a model from the input to the end of the last unit that dense heads read."""
    nodes = keras_private.nodes_in_order(model)
    last_use: dict[int, int] = {}
    for position, node in enumerate(nodes):
        last_use |= {id(tensor): position for tensor in node.inputs}
    last_use |= {id(tensor): len(nodes) for tensor in model.outputs}
    owners = _owners(units)
    own = [_owner(node, owners) for node in nodes]
    begun, following = _running_maximum(own), _following_minimum(own, len(units))
    stop = len(units) - 1 if units and units[-1].id == _TOP else len(units)
    live: set[int] = set()
    weighted: set[int] = set()
    places = []
    for position, node in enumerate(nodes):
        if begun[position] >= stop:
            break
        if _has_weights(node.operation) or any(id(tensor) in weighted for tensor in node.inputs):
            weighted |= {id(tensor) for tensor in node.outputs}
        live |= {id(tensor) for tensor in node.outputs}
        live = {tensor for tensor in live if last_use.get(tensor, -1) > position}
        is_end = begun[position] < following[position]
        made = frozenset(id(tensor) for tensor in node.outputs) & weighted
        places.append(_Place(node, frozenset(live), is_end, made))
    return places


def _owners(units: Sequence[Unit]) -> dict[int, int]:
    return {id(layer): number for number, unit in enumerate(units) for layer in unit.layers}


def _owner(node: keras_private.Node, owners: Mapping[int, int]) -> int:
    """Return the number of the unit whose weights a node applies; -1 where it has none."""
    return owners.get(id(node.operation), -1) if _has_weights(node.operation) else -1


def _has_weights(operation: Any) -> bool:
    return any(not is_seed(variable) for variable in getattr(operation, "variables", ()))


def _running_maximum(numbers: Sequence[int]) -> list[int]:
    """Return for each place the largest number up to and with it."""
    found, largest = [], -1
    for number in numbers:
        largest = max(largest, number)
        found.append(largest)
    return found


def _following_minimum(numbers: Sequence[int], beyond: int) -> list[int]:
    """Return for each place the smallest number, -1 aside, after it; `beyond` where none follows."""
    found, smallest = [], beyond
    for number in reversed(numbers):
        found.append(smallest)
        smallest = smallest if number < 0 else min(smallest, number)
    return found[::-1]


def _strides(model: keras.Model) -> dict[int, int]:
    """Return by how much each feature map of more than one place is smaller than the image, as a power of two.

    Step by step along the graph: convolutions without padding narrow a map a little each time, so that after many the
    side of a map of stride 32 is a 45th of the image's.
    """
    sizes = {id(tensor): tuple(tensor.shape[1:3]) for tensor in model.inputs}
    levels = {id(tensor): 0 for tensor in model.inputs}
    for node in keras_private.nodes_in_order(model):
        read = [id(tensor) for tensor in node.inputs if id(tensor) in levels]
        largest = max(read, key=lambda tensor: math.prod(sizes[tensor]), default=id(model.inputs[0]))
        for tensor in node.outputs:
            size = tuple(tensor.shape[1:3])
            if len(tensor.shape) != 4 or None in size or min(size) < 2 or id(tensor) in levels:
                continue
            steps = {round(math.log2(before / after)) for before, after in zip(sizes[largest], size, strict=True)}
            if len(steps) == 1:
                sizes[id(tensor)], levels[id(tensor)] = size, levels[largest] + steps.pop()
    return {tensor: 2**level for tensor, level in levels.items() if level >= 0}


def _strides_of_positions(model: keras.Model, prefix_tokens: int) -> dict[int, int]:
    """Return the strides of the tensors whose positions, the first ones aside, are a grid of patches of the image."""
    height, width = model.inputs[0].shape[1:3]
    positions = model.outputs[0].shape[1]
    strides: dict[int, int] = {}
    for node in keras_private.nodes_in_order(model):
        for tensor in node.outputs:
            if len(tensor.shape) != 3 or tensor.shape[1] is None:
                continue
            if prefix_tokens and tensor.shape[1] != positions:
                # Patches to which no class token was added yet.
                continue
            grid = patch_grid.find_grid(tensor.shape[1] - prefix_tokens, (height, width))
            if grid is not None:
                levels = {round(math.log2(before / after)) for before, after in zip((height, width), grid, strict=True)}
                strides |= {id(tensor): 2**level for level in levels if len(levels) == 1}
    return strides
