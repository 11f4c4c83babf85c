"""Cuts a model into segments at the ends of its blocks, of which each can be computed by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from kerastune_ft.graph import keras_private


@dataclass(frozen=True)
class Segment:
    """A part of a tail, from tensors that are made below it to those that are read above it."""

    model: keras.Model
    takes: tuple[int, ...]
    """The ids of the symbolic tensors that it reads, in the order of its inputs."""
    gives: tuple[int, ...]
    """The ids of those that it makes and others read, in the order of its outputs."""


def _place(tail: keras.Model, blocks: Mapping[str, int]) -> tuple[dict[int, int], list[int]]:
    """Return the block of each tensor by its id, and the numbers of the blocks that the output needs, ascending."""
    place: dict[int, int] = {id(tensor): 0 for tensor in tail.inputs}
    made: set[int] = set()
    for node in keras_private.nodes_in_order(tail):
        if node.inputs:
            latest = max(place[id(tensor)] for tensor in node.inputs)
            own = max(latest, blocks.get(node.operation.name, 0))
            place |= {id(tensor): own for tensor in node.outputs}
            made.add(own)
    last = place[id(tail.outputs[0])]
    return place, sorted(number for number in made if number <= last)


def count(tail: keras.Model, blocks: Mapping[str, int]) -> int:
    """Return the segments of `cut_segments`, or 1 where there is nothing to cut."""
    return max(1, len(_place(tail, blocks)[1]))


def cut_segments(tail: keras.Model, blocks: Mapping[str, int]) -> list[Segment]:
    """Return a model of one output as a segment for each of its blocks, in the order in which they are computed.

    `blocks` gives the number of the block of each layer by its name; a layer that has none belongs to the latest
    block of those that it reads. There is none where all is one block.
    """
    place, numbers = _place(tail, blocks)
    if len(numbers) < 2:
        return []
    nodes = [node for node in keras_private.nodes_in_order(tail) if node.inputs]
    found = (_cut(tail, nodes, place, number, numbers[-1]) for number in numbers)
    return [each for each in found if each is not None]


def _cut(
    tail: keras.Model, nodes: Sequence[keras_private.Node], place: Mapping[int, int], number: int, last: int
) -> Segment | None:
    """Return the segment of one block; None where nothing else reads what it makes."""
    (final,) = tail.outputs
    made = {id(tensor) for node in nodes for tensor in node.outputs if place[id(tensor)] == number}
    taken: dict[int, Any] = {}
    read: dict[int, Any] = {id(final): final} if id(final) in made else {}
    for node in nodes:
        own = id(node.outputs[0]) in made
        for tensor in node.inputs:
            if own and id(tensor) not in made:
                taken[id(tensor)] = tensor
            elif not own and id(tensor) in made and place[id(node.outputs[0])] <= last:
                read[id(tensor)] = tensor
    if not read:
        return None
    outputs = list(read.values())
    model = keras_private.model_between(list(taken.values()), outputs[0] if len(outputs) == 1 else outputs)
    return Segment(model, tuple(taken), tuple(read))
