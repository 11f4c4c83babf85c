"""Which variables weight decay leaves alone: those of norms, biases, and scales of channels.

What counts is the part that a variable has in its layer, never the number of its axes: the biases of attention have two
(heads and size), class tokens of some families one. Kernels, embeddings of tokens, positions and classes, and the two
factors of a low-rank adapter decay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import keras

from kerastune_ft.graph import keras_private
from kerastune_ft.rules import NEWEST, Rules

_BIAS = re.compile(r"(^|_)bias(_|$)")
# Layers are told by their names, since every family of keras-hub has norms of its own.
_NORM = re.compile("Norm")
# These multiply channels as the scale of a norm does, and decay would switch off what they scale.
_SCALE = re.compile(r"LayerScale|^PReLU$")
# Tables and vectors that are added to the scores of attention, under names that do not tell.
_ADDED_TO_SCORES = frozenset({("T5MultiHeadAttention", "embeddings"), ("GptOssAttention", "sinks")})


def find_undecayed(layers: Iterable[keras.layers.Layer], rules: Rules = NEWEST) -> frozenset[str]:
    """Return the paths of the variables of these layers, and of the layers in them, that weight decay leaves alone."""
    return frozenset(
        variable.path
        for layer in layers
        for owner in keras_private.all_layers(layer)
        for variable in keras_private.own_variables(owner)
        if (_is_undecayed(owner, variable) if rules.decay_by_role else len(variable.shape) < 2)
    )


def find_biases(layers: Iterable[keras.layers.Layer]) -> frozenset[str]:
    """Return the paths of the biases of these layers, and of the layers in them, and of the offsets of their norms."""
    return frozenset(
        variable.path
        for layer in layers
        for owner in keras_private.all_layers(layer)
        for variable in keras_private.own_variables(owner)
        if _BIAS.search(variable.name) or (_NORM.search(type(owner).__name__) and variable.name == "beta")
    )


def _is_undecayed(owner: keras.layers.Layer, variable: keras.Variable) -> bool:
    kind = type(owner).__name__
    return bool(
        _NORM.search(kind)
        or _SCALE.search(kind)
        or _BIAS.search(variable.name)
        or (kind, variable.name) in _ADDED_TO_SCORES
    )
