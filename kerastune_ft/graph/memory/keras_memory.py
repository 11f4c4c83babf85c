"""Where Keras would take memory for values that nobody needs: parts of `keras.src`, which a release may change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
from keras.src.backend.common import global_state
from keras.src.saving import saving_lib

# Where Keras keeps the variables that have no values yet.
_WAITING = "uninitialized_variables"


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
def weights_by_files() -> Iterator[None]:
    """Within this context Keras writes and reads the weights of `.keras` files by a file beside them.

    It does so by itself where it takes the memory to be short; else it has all weights in memory twice besides. Nothing
    changes for a Keras without that question.
    """
    asked = getattr(saving_lib, "is_memory_sufficient", None)
    if asked is None:
        yield
        return
    saving_lib.is_memory_sufficient = lambda model: False
    try:
        yield
    finally:
        saving_lib.is_memory_sufficient = asked
