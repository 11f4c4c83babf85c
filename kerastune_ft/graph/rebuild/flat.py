"""Rebuilds a model as one flat graph: nested models inlined, every layer a new one with a name of its own.

A model from a file may nest models, and two of them may have layers of the same name. New layers, made from the
configuration of the old ones and given their values, have names that are unique and variable paths that begin with
them, in every process, whatever the file went through before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph import keras_private, lora
from kerastune_ft.graph.rebuild.hub_layers import repair_layer

_HALF_PRECISION = {"mixed_float16", "mixed_bfloat16", "float16", "bfloat16"}


class NotRebuilt(Exception):
    """An operation cannot be rebuilt from its configuration; the message says which and why."""


class FlatCopy:
    """A model called on `images` as one flat graph of new operations."""

    def __init__(
        self,
        model: keras.Model,
        images: Any,
        *,
        reserved: Collection[str] = (),
        skipped: Callable[[keras.layers.Layer], bool] = lambda layer: False,
        substitutes: Mapping[str, keras.layers.Layer] = MappingProxyType({}),
    ) -> None:
        """`reserved` names are given to no operation; layers that are `skipped` let their input through.

        `substitutes` are new layers by the name of the operation that each is used instead of.

        Raises NotRebuilt.
        """
        self._taken, self._skipped, self._substitutes = set(reserved), skipped, substitutes
        self._copies: dict[int, Any] = {}
        self._path: list[str] = []
        self.dropped: list[str] = []
        """The names of the layers left out."""
        self.renamed: dict[str, str] = {}
        """New name by old name, nested models' names in front of the old one."""
        self.tensors: dict[str, Any] = {}
        """The output of each operation and each nested model, by the name it has in the file."""
        self.uses: dict[str, list[Any]] = {}
        """The outputs of every use of each operation, by the same name."""
        self.output = self._inline(model, images)

    def _inline(self, model: keras.Model, inputs: Any) -> Any:
        if not isinstance(model, keras.Sequential):
            return keras_private.run_graph(model, inputs, self._call)
        for layer in model.layers:
            inputs = self._call(layer, inputs)
        return inputs

    def _call(self, operation: Any, *arguments: Any, **options: Any) -> Any:
        # Whether a layer trains is decided by the phases, not where the graph was made.
        options.pop("training", None)
        if is_graph(operation):
            self._path.append(operation.name)
            outputs = self._inline(operation, *arguments)
            self._path.pop()
        elif isinstance(operation, keras.layers.Layer) and self._skipped(operation):
            self.dropped.append(operation.name)
            outputs = arguments[0]
        else:
            outputs = self._call_copy(operation, arguments, options)
        self.tensors[operation.name] = outputs
        self.uses.setdefault(operation.name, []).append(outputs)
        return outputs

    def _call_copy(self, operation: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
        try:
            if copy := self._copies.get(id(operation)):
                return copy(*arguments, **options)
            copy = self._copies[id(operation)] = self._copy(operation)
            outputs = copy(*arguments, **options)
            if isinstance(operation, keras.layers.Layer):
                copy_values(operation, copy)
        except Exception as error:
            why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise NotRebuilt(f"{operation.name} ({type(operation).__name__}): {why}") from error
        return outputs

    def _copy(self, operation: Any) -> Any:
        if substitute := self._substitutes.get(operation.name):
            return substitute
        repair_layer(operation)
        config = {**operation.get_config(), "name": self._name(operation.name)}
        # Computed in the precision of the run, which the file does not decide.
        if isinstance(operation, keras.layers.Layer) and operation.dtype_policy.name in _HALF_PRECISION:
            config["dtype"] = "float32"
        made = type(operation).from_config(config)
        # A class of keras-hub adds to the name it is given.
        made.name = config["name"]
        repair_layer(made)
        return made

    def _name(self, old: str) -> str:
        candidates = [old, *("_".join([*self._path[-depth:], old]) for depth in range(1, len(self._path) + 1))]
        name = next((one for one in candidates if one not in self._taken), None)
        number = 2
        while name is None:
            name = f"{old}_{number}" if f"{old}_{number}" not in self._taken else None
            number += 1
        self._taken.add(name)
        if name != old:
            self.renamed["/".join([*self._path, old])] = name
        return name


def is_graph(operation: Any) -> bool:
    """Return whether an operation is a model whose graph can be seen: Functional or Sequential."""
    return isinstance(operation, keras.Sequential) or keras_private.is_functional(operation)


def copy_values(source: keras.layers.Layer, target: keras.layers.Layer) -> None:
    """Give a layer or model the values of another of the same configuration.

    Adapters that the other alone has are left out. Normalization computes with constants it makes of its variables,
    which Keras renews only when it loads a file. On a CPU both then have their values in the same memory, until one of
    them changes.
    """
    alone = {} if lora.adapters([target]) else {id(one) for each in lora.adapters([source]) for one in each.variables}
    given = [variable for variable in source.weights if id(variable) not in alone]
    for variable, other in zip(target.weights, given, strict=True):
        variable.assign(tf.convert_to_tensor(other.value))
    for layer in keras_private.leaf_layers(target).values() or [target]:
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()
