"""The partition of a model around a cut: a frozen prefix, computed in inference mode, and the tail that trains."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.lengths import DECODER, Length, choose_length, find_targets
from kerastune_ft.graph.recomputed import Recomputed
from kerastune_ft.graph.rows.meetings import find_meetings, has_weights
from kerastune_ft.graph.rows.windows import FoldWindows, UnfoldWindows, find_window_rows

# Assumed tokens of a text of unknown length; which of two tensors is larger does not depend on it.
OPEN_LENGTH = 128


@dataclass(frozen=True)
class Crossing:
    """The tensors of a model that cross a cut, of which some may have a row for each window of an example."""

    tensors: tuple[Any, ...]
    names: tuple[str, ...]
    window_rows: frozenset[int] = frozenset()
    """The ids of all tensors of the model that have a row for each window."""
    windows: Any = None
    """The tensor that these are folded by."""
    targets: frozenset[int] = frozenset()
    """The ids of all tensors of the model with a row for each token of a text that is written for another."""

    def fold(self) -> tuple[Any, ...]:
        """Return the tensors with a row for each example."""
        return tuple(
            FoldWindows(name=f"{name}_folded", dtype=tensor.dtype)(tensor, self.windows)
            if id(tensor) in self.window_rows
            else tensor
            for tensor, name in zip(self.tensors, self.names, strict=True)
        )

    def model_to(self, outputs: Any) -> keras.Model:
        """Return the model from these tensors, with a row for each example, to others of the graph."""
        entries = {}
        for tensor, name in zip(self.tensors, self.names, strict=True):
            if id(tensor) in self.window_rows:
                given = keras.Input(batch_shape=(None, None, *tensor.shape[1:]), dtype=tensor.dtype)
                read = UnfoldWindows(name=f"{name}_unfolded", dtype=tensor.dtype)(given)
                entries[id(tensor)] = (given, read)
            elif id(tensor) in self.targets and not keras_private.is_input(tensor):
                # By their names the open axes of what is computed from them are known.
                given = keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=f"{DECODER}{name}")
                entries[id(tensor)] = (given, given)
        return keras_private.model_between(self.tensors, outputs, entries)


@dataclass(frozen=True)
class Partition:
    """Two models that share the whole model's variables: `tail(prefix(x)) == model(x)`.

    `cut` are the tensors that cross from one to the other, with a row for each example, in the order both use. `prefix`
    is None when the cut is the model's own input: everything belongs to the tail.
    """

    prefix: keras.Model | None
    tail: keras.Model
    cut: tuple[Any, ...]
    cut_names: tuple[str, ...]
    """For each tensor of the cut, the operation it comes from, and which use of it where that is not the first."""
    crossing: Crossing
    """The same tensors as the model's graph has them."""
    parts: tuple[Any, ...] = ()
    """The `graph.parts.Part` of each of several inputs, which then have a prefix each; empty for a single input."""

    @property
    def cut_bytes(self) -> int:
        """Return the bytes of one example's activations at the cut."""
        return math.ceil(sum(tensor_bytes(tensor) for tensor in self.cut))


@dataclass(frozen=True)
class Stage:
    """A part of a frozen prefix that is computed by a call of its own, from the cut below it to its own cut."""

    model: keras.Model
    cut: tuple[Any, ...]
    cut_names: tuple[str, ...]
    precision: str | None = None
    """The policy that it computes by, with a cut of its type; None where that is the model's own."""
    passed: tuple[int | None, ...] = ()
    """For each tensor of the cut its place in the cut below, of which it is passed on as it is, None where it is new.

    Empty where rows hold all of them, whatever the cut below has.
    """

    @property
    def new(self) -> tuple[int, ...]:
        """Return the places of the tensors that rows of this cut hold: all but those that are passed on."""
        passed = self.passed or (None,) * len(self.cut)
        return tuple(place for place, below in enumerate(passed) if below is None)

    @property
    def cut_bytes(self) -> int:
        """Return the bytes of one example's activations at the cut."""
        return math.ceil(sum(tensor_bytes(tensor) for tensor in self.cut))


@dataclass(frozen=True)
class CutModel:
    """A model as a phase computes it."""

    partition: Partition
    stages: tuple[Stage, ...]
    """The pieces its frozen prefix is computed in, input to output; none where nothing is frozen below."""
    by_part: Mapping[str, tuple[Stage, ...]] = field(default_factory=dict)
    """The same by part, where there are several inputs; empty for a single one."""

    def stages_of(self, part: str) -> tuple[Stage, ...]:
        """Return the stages of a part; of the only input for an empty name."""
        return self.by_part[part] if self.by_part else self.stages


def split_prefix(whole: Partition, base: Partition, *, passes: bool = False) -> tuple[Stage, ...]:
    """Return the prefix of a partition as the stages it is computed in, input to output.

    `base` is a partition of the same model whose prefix is a part of that of `whole`: what stays frozen for longer, or
    what other cuts have too. Where it is neither nothing nor everything the prefix has two stages, the first of which
    ends at the cut of `base`. With `passes`, rows of the second do not hold what the first has already.
    """
    if whole.prefix is None:
        return ()
    if base.prefix is None or set(base.cut_names) == set(whole.cut_names):
        return (Stage(whole.prefix, whole.cut, whole.cut_names),)
    crossing = {id(tensor): place for place, tensor in enumerate(base.crossing.tensors)}
    outputs = [
        _pass_through(folded, f"{name}_passed{number}") if id(tensor) in crossing else folded
        for number, (tensor, folded, name) in enumerate(
            zip(whole.crossing.tensors, whole.crossing.fold(), whole.cut_names, strict=True)
        )
    ]
    between = base.crossing.model_to(_structure(outputs))
    passed = tuple(crossing.get(id(tensor)) for tensor in whole.crossing.tensors) if passes else ()
    return Stage(base.prefix, base.cut, base.cut_names), Stage(between, whole.cut, whole.cut_names, passed=passed)


def _pass_through(tensor: Any, name: str) -> Any:
    """Return a tensor as it is, of a layer of its own: Keras loses tensors that are both input and output."""
    return keras.layers.Identity(dtype=tensor.dtype, name=name)(tensor)


def _structure(tensors: Sequence[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else list(tensors)


def row_sizes(tensors: Sequence[Any], targets: Collection[int], length: Length) -> list[float]:
    """Return the bytes of one example of symbolic tensors; `targets` are those of `find_targets` of their model."""
    return [tensor_bytes(tensor, choose_length(length, id(tensor) in targets)) for tensor in tensors]


def tensor_bytes(tensor: Any, length: float = OPEN_LENGTH) -> float:
    """Return the bytes of one example of a symbolic tensor; `length` is the size of its open axes, as those of text."""
    sizes = [length if size is None else int(size) for size in tensor.shape[1:]]
    return math.prod(sizes) * tf.as_dtype(tensor.dtype).size


def partition(model: keras.Model, trained: Collection[str], live: Collection[str] = ()) -> Partition:
    """Cut a functional model below everything that depends on a trained variable or is another thing in training.

    `trained` holds the paths of the variables that train, `live` the names of the layers whose call in training is not
    that of inference: the head's dropout, a BatchNorm that updates its statistics. A node belongs to the tail when its
    own layer is one of them or when it reads a tensor of the tail; all else is the prefix, whatever unit it stands in,
    so that as much as possible is computed once. Only activations and poolings of one tensor are repeated by the tail,
    if that tensor is no larger than they are. A layer may stand on both sides only when all its variables are frozen,
    which follows from the rule: a layer with a trained variable puts every one of its uses into the tail. Raises
    ConfigError when nothing would train.
    """
    found = find_cut(model, trained, live)
    if not found.is_input and not found.above:
        raise ConfigError(
            "nothing would train: no layer of the model holds a selected variable, and its output layer, tied to "
            'the backbone, has none of its own; give "unfreeze": {"last": 1}'
        )
    return make_partition(model.input, found, model)


def partition_at_meeting(
    model: keras.Model, trained: Collection[str], live: Collection[str], whole: Partition
) -> Partition | None:
    """Return the partition below which each input is computed by itself, as an encoder does beside a decoder.

    `whole` is what `partition` makes with the same arguments. None where its cut has no computed tensor in common with
    the other, or is the same: then nothing that is computed of one input is read at cuts of several depths.
    """
    joins = find_meetings(model)
    if not joins or whole.prefix is None:
        return None
    found = find_cut(model, frozenset(trained), frozenset(live), joins)
    below, above = ({id(tensor) for tensor in tensors} for tensors in (found.tensors, whole.crossing.tensors))
    if not above - below or not below & above & found.weighted:
        return None
    return make_partition(model.input, found, model)


@dataclass(frozen=True)
class Cut:
    """Where a model is cut, before it is."""

    tensors: tuple[Any, ...]
    names: Mapping[int, str]
    """By the id of every tensor of the model, the operation it comes from, and which use of it."""
    weighted: frozenset[int]
    """The ids of the tensors of the prefix that are computed with variables, those of Normalization aside."""
    above: frozenset[int]
    """The ids of the tensors of the tail."""
    is_input: bool
    """Whether the cut is where the model begins, so that there is no prefix."""


def find_cut(
    model: keras.Model,
    trained: Collection[str],
    live: Collection[str],
    joins: Collection[int] = (),
) -> Cut:
    """Return where `partition` cuts a model; `joins` are the ids of tensors that are above, whatever trains."""
    trained, live = frozenset(trained), frozenset(live)
    above: set[int] = set()
    weighted: set[int] = set()
    cut: dict[int, Any] = {}
    makers: dict[int, keras_private.Node] = {}
    named: dict[int, str] = {}
    uses: Counter[str] = Counter()
    for node in keras_private.nodes_in_order(model):
        uses[node.operation.name] += 1
        makers |= {id(tensor): node for tensor in node.outputs}
        named |= {id(tensor): _name_use(node.operation.name, uses) for tensor in node.outputs}
        variables = getattr(node.operation, "variables", [])
        is_join = any(id(tensor) in joins for tensor in node.outputs)
        used = [*variables, *getattr(node.operation, "loans", [])]
        trains = is_join or node.operation.name in live or any(variable.path in trained for variable in used)
        if trains or any(id(tensor) in above for tensor in node.inputs):
            above |= {id(tensor) for tensor in node.outputs}
            cut |= {id(tensor): tensor for tensor in node.inputs if id(tensor) not in above}
        elif has_weights(node.operation) or any(id(tensor) in weighted for tensor in node.inputs):
            weighted |= {id(tensor) for tensor in node.outputs}
    cut |= {id(tensor): tensor for tensor in model.outputs if id(tensor) not in above}
    tensors = _narrow(_recompute(list(cut.values()), makers), makers)
    is_input = not weighted or {id(tensor) for tensor in tensors} <= {id(tensor) for tensor in model.inputs}
    return Cut(tensors, named, frozenset(weighted), frozenset(above), is_input)


def make_partition(given: Any, cut: Cut, model: keras.Model, tail: keras.Model | None = None) -> Partition:
    """Return the partition of a model around a cut, from the inputs `given`.

    These are all of its own, or those of a part of it that goes up to the `tail` of the whole.
    """
    # Of a part they are in the order of its cut; Keras sorts them by name.
    inputs = list(cut.tensors) if cut.is_input and tail is not None else keras.tree.flatten(given)
    if cut.is_input:
        names = tuple(cut.names[id(tensor)] for tensor in inputs)
        return Partition(None, tail or model, tuple(inputs), names, Crossing(tuple(inputs), names))
    names = tuple(cut.names[id(tensor)] for tensor in cut.tensors)
    crossing = Crossing(cut.tensors, names, *find_window_rows(model), find_targets(model))
    folded, begins = crossing.fold(), {id(tensor) for tensor in inputs}
    outputs = [
        _pass_through(tensor, f"{name}_passed") if id(tensor) in begins else tensor
        for tensor, name in zip(folded, names, strict=True)
    ]
    prefix = keras.Model(given, _structure(outputs))
    return Partition(prefix, tail or crossing.model_to(model.output), folded, names, crossing)


def _name_use(operation: str, uses: Mapping[str, int]) -> str:
    """Return the name of the latest use of an operation: that of the operation for the first one."""
    return operation if uses[operation] == 1 else f"{operation}.use{uses[operation]}"


def _recompute(cut: Sequence[Any], makers: Mapping[int, keras_private.Node]) -> list[Any]:
    """Replace tensors of layers that are computed anew by what these read."""
    found: dict[int, Any] = {}
    for tensor in cut:
        node = makers[id(tensor)]
        read = node.inputs if isinstance(node.operation, Recomputed) else (tensor,)
        found |= {id(each): each for each in read}
    return list(found.values())


def _narrow(cut: Sequence[Any], makers: Mapping[int, keras_private.Node]) -> tuple[Any, ...]:
    """Replace tensors that layers without variables compute from one and the same by that one, if it is no larger."""
    families: dict[int, list[list[Any]]] = {}
    for tensor in cut:
        line = _line(tensor, makers)
        families.setdefault(id(line[-1]), []).append(line)
    narrowed = []
    for lines in families.values():
        shared = set.intersection(*({id(tensor) for tensor in line} for line in lines))
        nearest = next(tensor for tensor in lines[0] if id(tensor) in shared)
        members = [line[0] for line in lines]
        narrowed += [nearest] if tensor_bytes(nearest) <= sum(map(tensor_bytes, members)) else members
    return tuple(narrowed)


def _line(tensor: Any, makers: Mapping[int, keras_private.Node]) -> list[Any]:
    """Return a tensor, the one it is computed from, and so on back to what a layer with variables computes."""
    line = [tensor]
    while (node := makers[id(line[-1])]) and len(node.inputs) == 1 and not getattr(node.operation, "variables", []):
        line.append(node.inputs[0])
    return line
