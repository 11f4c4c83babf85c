"""Estimates of what a forward pass costs, counted from the graph and never measured."""

from __future__ import annotations

import math
from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.decay import find_undecayed
from kerastune_ft.graph.lengths import Length, choose_length, find_targets
from kerastune_ft.graph.memory.block_costs import measure_inside
from kerastune_ft.graph.partition import tensor_bytes
from kerastune_ft.graph.rows.windows import find_window_rows


def forward_flops(model: keras.Model, length: Length = 1) -> float:
    """Return the floating-point operations of one example's forward pass: two per multiply-add of every kernel.

    A kernel is applied once at every position of its layer's output; an axis that is open, as the tokens of a text, has
    `length` of them, and where tensors have a row for each window there are `length` windows. Layers without kernels
    count nothing, nor do embeddings, which only look up.
    """
    total = 0.0
    window_rows, targets = find_window_rows(model)[0], find_targets(model)
    for node in keras_private.nodes_in_order(model):
        if isinstance(node.operation, keras.layers.Embedding):
            continue
        kernels = [variable for variable in _computing(node.operation) if len(variable.shape) >= 2]
        own = choose_length(length, id(node.outputs[0]) in targets)
        positions = math.prod(own if size is None else int(size) for size in node.outputs[0].shape[1:-1])
        positions *= own if id(node.outputs[0]) in window_rows else 1
        total += 2 * positions * sum(math.prod(variable.shape) for variable in kernels)
    return total


def _computing(operation: Any) -> list[keras.Variable]:
    """Return the variables of an operation but those of embeddings at any depth of it, and what is only added."""
    if not isinstance(operation, keras.layers.Layer):
        return []
    leaves = keras_private.leaf_layers(operation).values() or [operation]
    looked_up = {
        id(variable)
        for leaf in leaves
        if isinstance(leaf, keras.layers.Embedding) or "Embedding" in type(leaf).__name__
        for variable in leaf.variables
    }
    added = find_undecayed([operation])
    return [
        variable for variable in operation.variables if id(variable) not in looked_up and variable.path not in added
    ]


def activation_bytes(model: keras.Model, length: Length = 1, *, recomputes: bool = False) -> float:
    """Return the bytes of all activations of one example: what backpropagation keeps at most.

    Those inside layers that are made of others, as the blocks of transformers, are among them; where the step
    `recomputes` these, those of one layer at a time.
    """
    nodes, sizes = keras_private.nodes_in_order(model), _tensor_sizes(model, length)
    targets = find_targets(model)

    def find_shape(tensor: Any) -> list[int]:
        own = math.ceil(choose_length(length, id(tensor) in targets))
        return [own if size is None else int(size) for size in tensor.shape[1:]]

    inside = [measure_inside(node, find_shape) for node in nodes]
    kept = 0.0 if recomputes else sum(each.kept for each in inside)
    widest = max((each.largest - (0.0 if recomputes else each.kept) for each in inside), default=0.0)
    return sum(sizes[id(tensor)] for node in nodes for tensor in node.outputs) + kept + widest


def largest_live_bytes(model: keras.Model, length: Length = 1) -> float:
    """Return the bytes of one example's activations that a forward pass without gradients holds at its widest place."""
    nodes = keras_private.nodes_in_order(model)
    last_use = {id(tensor): place for place, node in enumerate(nodes) for tensor in node.inputs}
    sizes = _tensor_sizes(model, length)
    live: dict[int, float] = {}
    largest = 0.0
    for place, node in enumerate(nodes):
        live |= {id(tensor): sizes[id(tensor)] for tensor in node.outputs}
        largest = max(largest, sum(live.values()))
        for tensor in (*node.inputs, *node.outputs):
            if last_use.get(id(tensor), len(nodes)) <= place:
                live.pop(id(tensor), None)
    return largest


def _tensor_sizes(model: keras.Model, length: Length) -> dict[int, float]:
    """Return the bytes of one example of every tensor of a model, by its id."""
    window_rows, targets = find_window_rows(model)[0], find_targets(model)
    sizes = {}
    for node in keras_private.nodes_in_order(model):
        for tensor in node.outputs:
            own = choose_length(length, id(tensor) in targets)
            sizes[id(tensor)] = tensor_bytes(tensor, own) * (own if id(tensor) in window_rows else 1)
    return sizes
