"""Paths of variables that are unique in a model."""

from __future__ import annotations

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.units import is_seed


def name_by_layer(model: keras.Model) -> None:
    """Make the path of every variable begin with the name of its layer in the model, which is unique there.

    Some layers of keras-hub build what they hold outside their own scope, so that paths of two blocks are the same.
    """
    for layer in model.layers:
        for variable in layer.variables:
            if not is_seed(variable) and not variable.path.startswith(f"{layer.name}/"):
                keras_private.set_path(variable, f"{layer.name}/{variable.path}")
