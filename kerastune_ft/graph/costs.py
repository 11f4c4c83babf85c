"""What a forward pass costs, counted from the graph: an estimate with a stated basis, never a measurement."""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from kerastune_ft.graph import keras_private


def forward_flops(model: keras.Model) -> int:
    """Return the floating-point operations of one example's forward pass: two per multiply-add of every kernel.

    A kernel is applied once at every position of its layer's output; layers without kernels count nothing, nor do
    embeddings, which only look up.
    """
    total = 0
    for node in keras_private.nodes_in_order(model):
        if isinstance(node.operation, keras.layers.Embedding):
            continue
        kernels = [variable for variable in getattr(node.operation, "variables", []) if len(variable.shape) >= 2]
        positions = math.prod(int(size) for size in node.outputs[0].shape[1:-1] if size is not None)
        total += 2 * positions * sum(math.prod(variable.shape) for variable in kernels)
    return total


def activation_bytes(model: keras.Model) -> int:
    """Return the bytes of all activations of one example: what backpropagation keeps at most."""
    return sum(
        tf.as_dtype(tensor.dtype).size * math.prod(int(size) for size in tensor.shape[1:] if size is not None)
        for node in keras_private.nodes_in_order(model)
        for tensor in node.outputs
    )
