"""The sizes of axes that a graph leaves open: the length of a text, or of two of which one is written for the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras

from kerastune_ft.graph import keras_private

DECODER = "decoder_"
"""What the names of inputs begin with that have the length of the text that is written."""


class PairLength(NamedTuple):
    """The lengths of two texts, one of which is written for the other."""

    source: float
    """Of what is computed from the text that is read, alone."""
    target: float
    """Of what is computed from the text that is written too."""


Length = float | PairLength
"""The size of open axes; by what a tensor is computed from where there are two texts."""


def find_targets(model: keras.Model) -> frozenset[int]:
    """Return the ids of the tensors of a model whose open axes have the length of the text that is written.

    They are all that depend on an input whose name begins with `DECODER`: what a decoder computes has a row for each
    token that it is to write, whatever it looks at.
    """
    found = {id(tensor) for tensor in model.inputs if tensor.name.startswith(DECODER)}
    if found:
        for node in keras_private.nodes_in_order(model):
            if any(id(tensor) in found for tensor in node.inputs):
                found |= {id(tensor) for tensor in node.outputs}
    return frozenset(found)


def choose_length(length: Length, is_target: bool) -> float:
    """Return the size of the open axes of a tensor."""
    return length[int(is_target)] if isinstance(length, tuple) else length


def total_length(length: Length) -> float:
    """Return the tokens of an example, those of both texts where it has two."""
    return sum(length) if isinstance(length, tuple) else length


def longest_length(lengths: Sequence[Length]) -> Length:
    """Return the size that open axes have at most, each for itself where there are two texts."""
    pairs = [length for length in lengths if isinstance(length, tuple)]
    if pairs:
        return PairLength(max(length.source for length in pairs), max(length.target for length in pairs))
    return float(max(map(total_length, lengths), default=1))
