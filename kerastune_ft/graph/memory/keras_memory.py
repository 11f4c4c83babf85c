"""Where Keras would take memory for values that nobody needs: parts of `keras.src`, which a release may change."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.saving import saving_lib

from kerastune_ft.graph.memory import keras_private
from kerastune_ft.graph.values import view_tensor, view_values

# Where Keras keeps the variables that have no values yet.
_WAITING = "uninitialized_variables"
# Numbers of a variable; what is smaller is not worth a look.
_LARGE = 1 << 18


@contextlib.contextmanager
def without_values() -> Iterator[None]:
    """Within this context variables are made without values, which take memory; they get none afterwards either."""
    waiting = list(global_state.get_global_attribute(_WAITING, []))
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        # Keras would give them their values at the next occasion, and keep them until then.
        global_state.set_global_attribute(_WAITING, waiting)


@contextlib.contextmanager
def weights_by_files(known: Iterable[keras.Variable] = ()) -> Iterator[None]:
    """Within this context Keras writes and reads the weights of `.keras` files by a file beside them.

    It does so by itself where it takes the memory to be short; else it has all weights in memory twice besides. Large
    ones are written from where they lie. Those that are read and are bit for bit what one of the `known` variables of
    their shape has lie in the memory of that one: TensorFlow gives a variable that changes memory of its own. Nothing
    changes for a Keras that does any of this in other ways.
    """
    owners = [variable for variable in known if _is_large(variable.shape)]
    with contextlib.ExitStack() as changed:
        if hasattr(saving_lib, "is_memory_sufficient"):
            changed.enter_context(_replace(saving_lib, "is_memory_sufficient", lambda model: False))
        store: Any = getattr(saving_lib, "H5IOStore", None)
        if store is not None and hasattr(store, "_create_h5_group"):
            put, get = store.__setitem__, store.__getitem__

            def write(entry: Any, key: str, value: Any) -> None:
                if isinstance(value, keras.Variable) and _is_large(value.shape) and value.dtype == "float32":
                    if not entry._h5_entry_initialized:
                        entry._create_h5_group(entry._h5_entry_path)
                    entry._h5_entry_group[key] = view_values(value)
                else:
                    put(entry, key, value)

            def read(entry: Any, key: str) -> Any:
                same = _find_same(entry._h5_entry_group.get(key), owners)
                return get(entry, key) if same is None else same

            changed.enter_context(_replace(store, "__setitem__", write))
            changed.enter_context(_replace(store, "__getitem__", read))
        yield


@contextlib.contextmanager
def late_values() -> Iterator[None]:
    """Within this context large variables get no values before they are assigned; at its end the rest get theirs.

    Drawing values takes three times the memory of a variable, for nothing where others are assigned at once. Nothing
    changes for a Keras that makes variables in other ways.
    """
    # That of the backend, of which `keras.Variable` is a subclass.
    kind: Any = next((each for each in keras.Variable.__mro__ if "_direct_assign" in vars(each)), None)
    if not hasattr(kind, "_initialize_with_initializer"):
        yield
        return
    begin, assign = kind._initialize_with_initializer, kind._direct_assign
    waiting: list[Any] = []

    def wait(variable: Any, initializer: Any) -> None:
        if not _is_large(variable.shape):
            begin(variable, initializer)
            return
        keras_private.leave_without_value(variable, initializer)
        waiting.append(variable)

    def give(variable: Any, value: Any) -> None:
        if keras_private.has_value(variable):
            assign(variable, value)
        else:
            keras_private.give_first_value(variable, value)

    with _replace(kind, "_initialize_with_initializer", wait), _replace(kind, "_direct_assign", give):
        yield
    for variable in waiting:
        if not keras_private.has_value(variable):
            keras_private.draw_value(variable)


@contextlib.contextmanager
def _replace(place: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, before)


def _is_large(shape: Iterable[int]) -> bool:
    return math.prod(shape) >= _LARGE


def _find_same(written: Any, owners: Iterable[keras.Variable]) -> tf.Tensor | None:
    """Return the value of the first of these variables that has the bits of an array in a file; None if none has."""
    for owner in owners if hasattr(written, "read_direct") else ():
        held = tf.convert_to_tensor(owner.value)
        if "CPU" in held.device and written.shape == tuple(held.shape) and _has_bits(written, view_tensor(held)):
            return held
    return None


def _has_bits(written: Any, array: np.ndarray) -> bool:
    """Return whether an array in a file has these bits, reading some rows at a time."""
    if written.dtype != array.dtype:
        return False
    rows = max(1, _LARGE * len(array) // array.size)
    places = range(0, len(array), rows)
    return all(written[at : at + rows].tobytes() == array[at : at + rows].tobytes() for at in places)
