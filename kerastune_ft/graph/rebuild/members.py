"""One model of several that were trained from the same one: what none of them changed is there once.

The copies of a layer that a training changed are told apart by their names, `<place>_<name>`; other layers keep theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.rebuild.flat import copy_values
from kerastune_ft.graph.rebuild.hub_layers import repair_layer


class MemberGraph:
    """Builds the graph of an ensemble, member by member, of copies of a model's operations."""

    def __init__(self, model: keras.Model, changed: Collection[str]) -> None:
        """`model` is flat; `changed` are the paths of the variables that some member has other values of."""
        self._model, self._changed = model, frozenset(changed)
        self.inputs = _copy_inputs(model)
        self._shared: dict[tuple[int, tuple[int, ...]], Any] = {}
        self._copies: dict[int, Any] = {}
        self._own: dict[int, Any] = {}
        self._known = {id(tensor) for tensor in keras.tree.flatten(self.inputs)}
        self._place = ""

    def add(self, place: str, inputs: Any = None) -> Any:
        """Return the symbolic raw outputs of a member; the model's variables hold its values now.

        `place` is a word that is in front of the names of its own layers. `inputs` are those of the graph, but for
        some that the member has for itself.
        """
        self._place, self._own = place, {}
        return keras_private.run_graph(self._model, self.inputs if inputs is None else inputs, self._call)

    def _call(self, operation: Any, *arguments: Any, **options: Any) -> Any:
        options.pop("training", None)
        given = [each for each in keras.tree.flatten((arguments, options)) if isinstance(each, keras.KerasTensor)]
        is_changed = any(variable.path in self._changed for variable in getattr(operation, "variables", []))
        if is_changed or not all(id(tensor) in self._known for tensor in given):
            return self._copy(operation, self._own, f"{self._place}_{operation.name}")(*arguments, **options)
        use = (id(operation), tuple(map(id, given)))
        if use not in self._shared:
            outputs = self._copy(operation, self._copies, operation.name)(*arguments, **options)
            self._known |= {id(tensor) for tensor in keras.tree.flatten(outputs)}
            self._shared[use] = outputs
        return self._shared[use]

    def _copy(self, operation: Any, copies: dict[int, Any], name: str) -> _Copy:
        if id(operation) not in copies:
            repair_layer(operation)
            made = type(operation).from_config({**operation.get_config(), "name": name})
            # A class of keras-hub adds to the name it is given.
            made.name = name
            repair_layer(made)
            copies[id(operation)] = made
            return _Copy(operation, made)
        return _Copy(None, copies[id(operation)])


class _Copy:
    """A copy of an operation, which gets the values of its source when it is first called and has variables."""

    def __init__(self, source: Any, made: Any) -> None:
        """`source` is None where the copy has its values."""
        self._source, self._made = source, made

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        outputs = self._made(*arguments, **options)
        if isinstance(self._source, keras.layers.Layer):
            copy_values(self._source, self._made)
        return outputs


def _copy_inputs(model: keras.Model) -> Any:
    """Return new inputs like those of a model."""
    return keras.tree.map_structure(
        lambda tensor: keras.Input(batch_shape=tensor.shape, name=keras_private.maker(tensor), dtype=tensor.dtype),
        model.input,
    )


def find_shared_layers(model: keras.Model, places: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the layers of an ensemble that have variables and belong to all members."""
    beginnings = tuple(f"{place}_" for place in places)
    return tuple(layer.name for layer in model.layers if layer.variables and not layer.name.startswith(beginnings))
