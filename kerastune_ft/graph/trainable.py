"""Tells which variables of a layer may train: no statistics or constants, gamma and beta of a BatchNorm if asked."""

from __future__ import annotations

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.lora import adapters
from kerastune_ft.graph.normalisation import batch_norms, gamma_and_beta
from kerastune_ft.graph.units import is_seed

_FOLLOWING = (
    keras.layers.BatchNormalization,
    keras.layers.GroupNormalization,
    keras.layers.LayerNormalization,
    keras.layers.RMSNormalization,
    keras.layers.PReLU,
)


# Stands for masked patches of an image, which only pretraining has.
_UNUSED = ("mask_token",)


def trainable_paths(layer: keras.layers.Layer, batch_norm: bool = False) -> frozenset[str]:
    """Return the paths of the layer's variables that may train, those of the layers in it included.

    Gamma and beta of BatchNorm layers are among them with `batch_norm` alone; adapters train where they are asked for.
    """
    kept = {variable.path for leaf in _leaves(layer) for variable in leaf.variables if not _is_weight(leaf, variable)}
    kept |= {variable.path for variable in layer.variables if variable.name in _UNUSED}
    kept |= {variable.path for variable in keras_private.constants(layer)}
    kept |= {variable.path for adapter in adapters([layer]) for variable in adapter.variables}
    for norm in batch_norms(layer):
        trained = gamma_and_beta(norm) if batch_norm else frozenset()
        kept |= {variable.path for variable in norm.variables} - trained
    return frozenset(variable.path for variable in layer.variables if not is_seed(variable)) - kept


def begins_a_step(layer: keras.layers.Layer) -> bool:
    """Return whether a layer has weights to train, and more than the norm or slope that belongs to the layer before."""
    following = {
        variable.path for leaf in _leaves(layer) if isinstance(leaf, _FOLLOWING) for variable in leaf.variables
    }
    return bool(trainable_paths(layer) - following)


def _leaves(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    return list(keras_private.leaf_layers(layer).values()) or [layer]


def _is_weight(layer: keras.layers.Layer, variable: keras.Variable) -> bool:
    """Return whether a variable is meant to be trained at all (not a statistic, not a constant of preprocessing)."""
    return not isinstance(layer, keras.layers.Normalization) and "int" not in variable.dtype
