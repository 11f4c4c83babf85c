"""Text backbones of keras-hub as one graph from token ids to hidden states, with the same input names for every family.

The layers are keras-hub's own. Parts that do not belong to an encoder are left out: poolers, decoders of
encoder-decoder models, and the output embeddings of language models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras

from kerastune_ft.backbones.hub.blocks import replay
from kerastune_ft.backbones.text_input import PADDING_MASK, SEGMENT_IDS, TOKEN_IDS
from kerastune_ft.graph import keras_private

_OUTPUTS = ("encoder_sequence_output", "sequence_output")


def encoder(
    backbone: keras.Model,
    passes_embeddings: bool = False,
    calls: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
) -> keras.Model:
    """Return the model {token_ids, padding_mask(, segment_ids)}: [batch, length] -> [batch, length, width].

    With `passes_embeddings` embedded tokens pass a layer of their own, so that the graph can be cut there although the
    embeddings are used a second time, for the vocabulary. `calls` are those of `blocks.replay`.
    """
    given = backbone.input if isinstance(backbone.input, dict) else {TOKEN_IDS: backbone.input}
    output = backbone.output
    if isinstance(output, dict):
        output = next(output[name] for name in _OUTPUTS if name in output)
    else:
        output = _before_vocabulary(backbone, output)
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in names(backbone)}
    taken = {name: tensor for name, tensor in given.items() if name.removeprefix("encoder_") in inputs}
    # Through a layer of their own: in a model made of a part of this graph Keras would lose its inputs.
    passed = {
        name: keras.layers.Identity(dtype="int32", name=f"{name}_passed")(tensor) for name, tensor in inputs.items()
    }
    renamed = {name: passed[name.removeprefix("encoder_")] for name in taken}
    features = replay(keras.Model(taken, output), renamed, passes_embeddings, calls)
    return keras.Model(inputs, features, name=backbone.name)


def names(backbone: keras.Model) -> tuple[str, ...]:
    """Return the names of the inputs; the mask is one of them even where only the head looks at it."""
    has_segments = isinstance(backbone.input, dict) and SEGMENT_IDS in backbone.input
    return (TOKEN_IDS, PADDING_MASK, SEGMENT_IDS) if has_segments else (TOKEN_IDS, PADDING_MASK)


def _before_vocabulary(backbone: keras.Model, output: Any) -> Any:
    """Return the input of a last layer named `head`, which gives a value for each word, else the output."""
    last = keras_private.nodes_in_order(backbone)[-1]
    return last.inputs[0] if last.operation.name == "head" else output
