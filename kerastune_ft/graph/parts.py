"""The partition of a model with several inputs: each has a frozen prefix of its own, up to where they are joined.

What one input's backbone gives is computed and stored apart from the others, so that unfreezing one of them leaves what
is stored of the others as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.partition import Crossing, Cut, Partition, Stage, find_cut, make_partition, split_prefix


@dataclass(frozen=True)
class Part:
    """One of several inputs at a cut of the whole model."""

    name: str
    partition: Partition
    """Its frozen prefix, from its own inputs to its tensors of the cut; without a prefix these are its inputs."""
    places: tuple[int, ...]
    """Where its tensors are among those of the whole cut."""

    def arrange(self, features: Any) -> list[Any]:
        """Return features of the part, one tensor, several or those of inputs by name, in the order of its tensors."""
        if isinstance(features, Mapping):
            return [features[name] for name in self.partition.cut_names]
        return list(features) if isinstance(features, list | tuple) else [features]


def join_parts(parts: Sequence[Part], features: Sequence[Any]) -> list[Any]:
    """Return the features of all parts in the order of the whole cut, as the tail takes them."""
    found: dict[int, Any] = {}
    for part, own in zip(parts, features, strict=True):
        found |= dict(zip(part.places, part.arrange(own), strict=True))
    return [found[place] for place in range(len(found))]


def partition_parts(
    model: keras.Model, trained: Collection[str], live: Collection[str], inputs: Mapping[str, Sequence[str]]
) -> Partition:
    """Cut a model as `partition` does, with a prefix for each of its parts: `inputs` are the names of these by part.

    Where tensors of two parts meet the tail begins, whatever is trained.
    """
    owners = find_owners(model, inputs)
    found = find_cut(model, trained, live, _find_joins(model, owners))
    cuts = {}
    for name, own in inputs.items():
        tensors = [tensor for tensor in found.tensors if owners[id(tensor)] == name]
        cuts[name] = _cut_of_part(model, found, tensors, own)
    every = tuple(tensor for cut in cuts.values() for tensor in cut.tensors)
    crossing = Crossing(every, tuple(found.names[id(tensor)] for tensor in every))
    tail = _make_tail(model, every)
    parts, first = [], 0
    for name, own in inputs.items():
        given = {each: model.input[each] for each in own}
        divided = make_partition(given if len(own) > 1 else given[own[0]], cuts[name], model, tail)
        parts.append(Part(name, divided, tuple(range(first, first + len(cuts[name].tensors)))))
        first += len(cuts[name].tensors)
    return Partition(None, tail, every, crossing.names, crossing, tuple(parts))


def _make_tail(model: keras.Model, tensors: Sequence[Any]) -> keras.Model:
    """Return the model from the tensors of a cut, of which some may be inputs of the model, to its outputs."""
    given = [tensor for tensor in tensors if any(tensor is each for each in model.inputs)]
    if len(given) == len(tensors):
        return keras.Model(list(tensors), model.output)
    # Beside other tensors Keras would count an input as used once more, and models made of it before would lose it.
    made = {id(tensor): keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype) for tensor in given}
    return keras_private.model_between(tensors, model.output, {key: (each, each) for key, each in made.items()})


def split_parts(whole: Partition, base: Partition) -> dict[str, tuple[Stage, ...]]:
    """Return by part the stages that its prefix is computed in, see `split_prefix`."""
    below = {part.name: part for part in base.parts}
    return {part.name: split_prefix(part.partition, below[part.name].partition) for part in whole.parts}


def find_owners(model: keras.Model, inputs: Mapping[str, Sequence[str]]) -> dict[int, str | None]:
    """Return by tensor the part that it is computed from; None for one that is computed from several."""
    owners: dict[int, str | None] = {id(model.input[name]): part for part, names in inputs.items() for name in names}
    for node in keras_private.nodes_in_order(model):
        read = {owners[id(tensor)] for tensor in node.inputs}
        for tensor in node.outputs:
            owners.setdefault(id(tensor), read.pop() if len(read) == 1 else None)
    return owners


def _find_joins(model: keras.Model, owners: Mapping[int, str | None]) -> frozenset[int]:
    """Return the ids of the tensors of the operations that read tensors of two parts."""
    return frozenset(
        id(tensor)
        for node in keras_private.nodes_in_order(model)
        if len({owners[id(each)] for each in node.inputs}) > 1
        for tensor in node.outputs
    )


def _cut_of_part(model: keras.Model, found: Cut, own: Sequence[Any], inputs: Sequence[str]) -> Cut:
    """Return the cut of a part: at its own inputs where no variable is below, so that nothing is worth computing."""
    if any(id(tensor) in found.weighted for tensor in own):
        return replace(found, tensors=tuple(own))
    return replace(found, tensors=tuple(model.input[name] for name in inputs), is_input=True)
