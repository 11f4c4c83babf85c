"""Every private Keras name this package rests on, one function each; memory/keras_private.py has those of values.

tests/graph/test_keras_private.py fails when a Keras release changes one of them; nothing else in the package may use a
name that begins with an underscore of Keras.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.errors import ConfigError


@dataclass(frozen=True)
class Node:
    """One use of an operation in a functional graph."""

    operation: Any
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    arguments: Any
    """What it was called with: `args` and `kwargs`."""


def nodes_in_order(model: keras.Model) -> list[Node]:
    """Return the nodes of a functional model, every node after those it reads."""
    by_depth = model._nodes_by_depth
    return [
        Node(node.operation, tuple(node.input_tensors), tuple(node.outputs), node.arguments)
        for depth in sorted(by_depth, reverse=True)
        for node in by_depth[depth]
    ]


def maker(tensor: Any) -> str:
    """Return the name of the operation that a symbolic tensor comes from."""
    return tensor._keras_history.operation.name


def rename(tensor: Any, name: str) -> Any:
    """Return a symbolic tensor after giving the operation it comes from a name; a layer must keep the one it has."""
    tensor._keras_history.operation.name = name
    return tensor


def set_mask(tensor: Any, mask: Any) -> None:
    """Give a symbolic tensor a mask, which layers that know masks take where they are given none."""
    tensor._keras_mask = mask


def last_operation(outputs: Any) -> Any:
    """Return the operation that symbolic outputs come from; of a functional model called as a layer its last one."""
    operation = outputs._keras_history.operation
    while isinstance(operation, keras.Model) and not is_functional(operation) and hasattr(operation, "_functional"):
        operation = operation._functional
    return last_operation(operation.outputs[0]) if is_functional(operation) else operation


def is_functional(operation: Any) -> bool:
    """Return whether an operation is a functional model: one made of inputs and outputs, whose nodes are known."""
    return isinstance(operation, keras.Model) and hasattr(operation, "_nodes_by_depth")


def run_graph(model: keras.Model, inputs: Any, call: Callable[..., Any]) -> Any:
    """Return the outputs of a functional model on these symbolic inputs, every operation called by `call`.

    `call` gets the operation and what it was called with when the graph was made, tensors replaced.
    """
    # Before Keras 3.14 `operation_fn` has no default.
    return model._run_through_graph(inputs, operation_fn=lambda operation: operation, call_fn=call)


def model_between(
    inputs: Sequence[Any], outputs: Any, entries: Mapping[int, tuple[Any, Any]] = MappingProxyType({})
) -> keras.Model:
    """Return the functional model from some tensors of a graph to a structure of others, which need nothing else.

    Keras takes every use of an operation for an input where one of its uses gives an input: of a layer that is used
    below the inputs and above them the upper uses would be lost. Then the uses in between are copied here.
    By the id of a tensor of `inputs`, `entries` have an input of the model in its place, and what is made of that one
    for the graph to read.
    """
    given = {id(tensor) for tensor in inputs}
    nodes = _nodes_between(given, keras.tree.flatten(outputs))
    below = {id(_node_of(tensor).operation) for tensor in inputs if not _node_of(tensor).is_input}
    if not entries and not below & {id(node.operation) for node in nodes}:
        return keras.Model(_structure(inputs), outputs)
    copies = {
        id(tensor): tensor
        if _node_of(tensor).is_input
        else keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=f"{tensor.name}CLONE")
        for tensor in inputs
        if id(tensor) not in entries
    }
    taken = [entries[id(tensor)][0] if id(tensor) in entries else copies[id(tensor)] for tensor in inputs]
    copies |= {tensor: read for tensor, (_, read) in entries.items()}

    def copy(value: Any) -> Any:
        return copies.get(id(value), value)

    for node in nodes:
        made = [keras.KerasTensor(tensor.shape, tensor.dtype, name=tensor.name) for tensor in node.outputs]
        copies = {id(tensor): one for tensor, one in zip(node.outputs, made, strict=True)} | copies
        arguments = keras.tree.map_structure(copy, (node.arguments.args, node.arguments.kwargs))
        # A node enters itself into its operation, and into the tensors that it makes.
        type(node)(node.operation, call_args=arguments[0], call_kwargs=arguments[1], outputs=made)
    return keras.Model(_structure(taken), keras.tree.map_structure(copy, outputs))


def is_input(tensor: Any) -> bool:
    """Return whether a symbolic tensor is an input of a graph."""
    return bool(_node_of(tensor).is_input)


def _structure(tensors: Sequence[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _node_of(tensor: Any) -> Any:
    return tensor._keras_history.operation._inbound_nodes[tensor._keras_history.node_index]


def _nodes_between(given: Collection[int], outputs: Sequence[Any]) -> list[Any]:
    """Return Keras' nodes that the outputs need besides what is given, every node after those it reads."""
    nodes: list[Any] = []
    done: set[int] = set()
    # No recursion, which deep graphs exhaust; a node is met again once all that it reads is there.
    stack = [(tensor, False) for tensor in outputs]
    while stack:
        tensor, is_ready = stack.pop()
        node = _node_of(tensor)
        if id(tensor) in given or id(node) in done:
            continue
        if is_ready:
            done.add(id(node))
            nodes.append(node)
        else:
            stack += [(tensor, True), *((each, False) for each in node.input_tensors)]
    return nodes


def operations_between(inputs: Sequence[Any], outputs: Sequence[Any]) -> list[Any]:
    """Return the operations of a graph that outputs need besides these inputs, every one after those it reads."""
    return [node.operation for node in _nodes_between({id(each) for each in inputs}, outputs)]


def read_byte_pairs(tokenizer: Any) -> str:
    """Return the tokenizer of the library `tokenizers` that keras-hub computes byte pairs with, as its JSON.

    Raises ConfigError for a keras-hub that computes them in another way.
    """
    if not hasattr(tokenizer, "_maybe_initialized_tokenizers"):
        raise ConfigError(
            "this keras-hub does not compute byte pairs with tokenizers; install a newer one: python -m pip install -U "
            "keras-hub"
        )
    tokenizer._maybe_initialized_tokenizers()
    return str(tokenizer._tokenizer.to_str())


def tokenizer_resources(tokenizer: Any) -> list[Any]:
    """Return what a tokenizer of keras-hub holds for TensorFlow besides tensors: the model of SentencePiece."""
    pieces = getattr(tokenizer, "_sentence_piece", None)
    return [] if pieces is None else [pieces._model_resource]


def leaf_layers(layer: keras.layers.Layer, prefix: str = "") -> dict[str, keras.layers.Layer]:
    """Return the layers at any depth that hold no other layer, each once, by path: the names on the way to it."""
    found: dict[str, keras.layers.Layer] = {}
    known: set[int] = set()
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        path = f"{prefix}{inner.name}"
        for name, leaf in (leaf_layers(inner, f"{path}/") or {path: inner}).items():
            if id(leaf) not in known:
                known.add(id(leaf))
                found[name] = leaf
    return found


def inner_layers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Return the layers that a layer holds itself, without those in these."""
    return list(layer._flatten_layers(include_self=False, recursive=False))


def call_in_training(layer: keras.layers.Layer, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return what a layer gives in training mode, where it knows one."""
    mode = {"training": True} if layer._call_has_training_arg else {}
    return layer(*args, **{**kwargs, **mode})


def all_layers(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """Return a layer and the layers at any depth in it."""
    return list(layer._flatten_layers())


def constants(layer: keras.layers.Layer) -> list[keras.Variable]:
    """Return the variables of a layer, and of the layers in it, that were made not to train, whatever they do now."""
    return [variable for one in all_layers(layer) for variable in one._non_trainable_variables]


def own_variables(layer: keras.layers.Layer) -> list[keras.Variable]:
    """Return the variables that a layer made itself, without those of the layers in it."""
    inside = {id(variable) for inner in all_layers(layer) if inner is not layer for variable in inner.variables}
    own = [*layer._trainable_variables, *layer._non_trainable_variables]
    # A wrapper such as SpectralNormalization holds the kernel of the layer in it.
    return [variable for variable in own if id(variable) not in inside]


@contextlib.contextmanager
def unlock(layer: keras.layers.Layer) -> Iterator[None]:
    """Within this context a layer that is built takes further weights."""
    layer._tracker.unlock()
    try:
        yield
    finally:
        layer._tracker.lock()


def set_path(variable: keras.Variable, path: str) -> None:
    """Give a variable the path it is known by."""
    variable._path = path


def dropout_noise_shape(layer: keras.layers.Dropout, inputs: tf.Tensor) -> list[int | tf.Tensor]:
    """Return the shape of a dropout layer's mask for these inputs, the batch axis included."""
    given = layer._get_noise_shape(inputs) if isinstance(layer, _SPATIAL_DROPOUT) else layer.noise_shape
    dynamic, static = tf.shape(inputs), inputs.shape
    shape = list(given) if given is not None else [None] * len(static)
    return [
        size if size is not None else (static[axis] if static[axis] is not None else dynamic[axis])
        for axis, size in enumerate(shape)
    ]


# What Keras' optimizers call within a step and `reduced_optimizer` replaces.
_HOOKS = ("_all_reduce_sum_gradients", "update_step", "_apply_weight_decay")
_SPATIAL_DROPOUT = (keras.layers.SpatialDropout1D, keras.layers.SpatialDropout2D, keras.layers.SpatialDropout3D)


def reduced_optimizer(base: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    """Return a subclass of a Keras optimizer for gradients that were already summed over the replicas.

    Keras' optimizers sum the gradients over the replicas inside `apply`, after clipping each replica's own; the step of
    this package reduces first, so the second reduction is dropped. Its attributes: `rate_factors`, by variable path,
    multiply both the update and the weight decay of a variable: one optimizer, one schedule, a rate per unit. `begun`,
    by variable path, are the updates that were made before a variable joined: its own are counted from there, for the
    bias corrections of its moments, and with `corrects_product` for Nadam's product of momentum, of which Keras keeps
    one for all variables. `rates` has the weight decay as a tensor `decay`, and by `find_momentum` what
    `momentum_option` is at a step. Raises ConfigError for a Keras that has other hooks, which would never call these.
    """
    _check_hooks(base)

    class ReducedOptimizer(base):
        rate_factors: Mapping[str, float] = {}
        begun: Mapping[str, int] = {}
        corrects_product = True
        rates: Any = None
        momentum_option: str | None = None
        _uncounted = 0

        @property
        def iterations(self) -> Any:
            return self._iterations - self._uncounted if self._uncounted else self._iterations

        def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
            return list(grads_and_vars)

        def _path(self, variable: tf.Variable) -> str:
            return str(self._trainable_variables[self._get_variable_index(variable)].path)

        def _factor(self, variable: tf.Variable) -> float:
            return float(self.rate_factors.get(self._path(variable), 1.0))

        def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
            factor = self._factor(variable)
            self._uncounted = self.begun.get(self._path(variable), 0)
            with _count_product(self, self._uncounted), _set_momentum(self):
                super().update_step(gradient, variable, learning_rate * factor if factor != 1.0 else learning_rate)
            self._uncounted = 0

        def _apply_weight_decay(self, variables: Any) -> None:
            if not self.weight_decay:
                return
            share = self.weight_decay if self.rates is None else self.rates.decay

            def update(distribution: tf.distribute.Strategy, rate: tf.Tensor) -> None:
                for variable in variables:
                    if self._use_weight_decay(variable):
                        native = variable.value
                        # Decay and factor first, as TensorFlow does where both are constants: to the same last bit.
                        amount = (rate.values[0] if hasattr(rate, "values") else rate) * (share * self._factor(native))
                        distribution.extended.update(native, _decay, args=(amount,), group=False)

            tf.__internal__.distribute.interim.maybe_merge_call(
                update, self._distribution_strategy, tf.convert_to_tensor(self.learning_rate)
            )

    ReducedOptimizer.__name__ = base.__name__
    return ReducedOptimizer


def _decay(variable: tf.Variable, amount: tf.Tensor) -> None:
    variable.assign_sub(variable * tf.cast(amount, variable.dtype))


def _check_hooks(base: type[keras.optimizers.Optimizer]) -> None:
    if missing := [name for name in _HOOKS if not callable(getattr(base, name, None))]:
        raise ConfigError(
            f"the optimizers of Keras {keras.__version__} have no {', '.join(missing)}, which this program goes by; "
            'install a Keras that has: python -m pip install "keras>=3.13,<3.16"'
        )


@contextlib.contextmanager
def _count_product(optimizer: Any, uncounted: int) -> Iterator[None]:
    """Within this context Nadam's product of momentum is that of a variable's own updates, all but `uncounted`."""
    whole = getattr(optimizer, "_u_product", None)
    if whole is None or not uncounted or not optimizer.corrects_product:
        yield
        return
    # Not through Keras, which would take the tensor for a variable to keep.
    object.__setattr__(optimizer, "_u_product", nadam_product(optimizer.beta_1, optimizer.iterations + 1))
    yield
    object.__setattr__(optimizer, "_u_product", whole)


class _Number:
    """A tensor in the place of a number, which Keras may compare with 0 while it makes a graph."""

    def __init__(self, value: tf.Tensor) -> None:
        self._value = value

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> tf.Tensor:
        return tf.convert_to_tensor(self._value, dtype)

    def __rsub__(self, other: float) -> tf.Tensor:
        return other - self._value


@contextlib.contextmanager
def _set_momentum(optimizer: Any) -> Iterator[None]:
    """Within this context the optimizer's momentum is that of the step, where it follows the learning rate."""
    option = optimizer.momentum_option
    if option is None:
        yield
        return
    own = getattr(optimizer, option)
    # Not through Keras, which would take the tensor for a variable to keep.
    object.__setattr__(optimizer, option, _Number(optimizer.rates.find_momentum(optimizer._iterations)))
    yield
    object.__setattr__(optimizer, option, own)


def nadam_product(beta_1: float, updates: tf.Tensor) -> tf.Tensor:
    """Return the product of the momenta of Nadam's first updates, float32: of beta_1 x (1 - 0.96 ** t / 2) over t."""
    # From some update on the second factor is 1 to the last digit.
    rising = np.cumprod(1 - 0.5 * 0.96 ** np.arange(1, _NADAM_RISES + 1)).astype(np.float32)
    place = tf.minimum(tf.cast(updates, tf.int32), _NADAM_RISES) - 1
    return tf.pow(tf.constant(beta_1, tf.float32), tf.cast(updates, tf.float32)) * tf.gather(tf.constant(rising), place)


_NADAM_RISES = 600
# Lists of the base class with an entry by variable, which are no slots.
_NO_SLOTS = ("_trainable_variables", "_accumulated_gradients", "_model_variables_moving_average")


def slot_roles(optimizer: keras.optimizers.Optimizer) -> dict[str, tuple[str, str]]:
    """Return what every slot of a built optimizer is, by its name in `optimizer_slots`: its kind, and whose it is.

    The kind is the attribute that holds it, the owner the path of a variable, or "" for the whole optimizer's. Names
    will not do: Keras gives slots of several variables the same.
    """
    roles: dict[int, tuple[str, str]] = {}
    owners = [variable.path for variable in optimizer._trainable_variables]
    for kind, held in vars(optimizer).items():
        if isinstance(held, keras.Variable):
            roles[id(held)] = (kind, "")
        elif isinstance(held, list) and len(held) == len(owners) and kind not in _NO_SLOTS:
            roles |= {id(slot): (kind, owner) for slot, owner in zip(held, owners, strict=True) if slot is not None}
    return {name: roles[id(slot)] for name, slot in optimizer_slots(optimizer).items()}


def optimizer_slots(optimizer: keras.optimizers.Optimizer) -> dict[str, keras.Variable]:
    """Return the optimizer's state by a stable name: its position, and its path without the optimizer's own name.

    That name counts the optimizers of a process, so a resumed run would not find its state by it.
    """
    named = ((variable.path.partition("/")[2], variable) for variable in optimizer.variables)
    return {f"{position:05d}/{path}": variable for position, (path, variable) in enumerate(named)}
