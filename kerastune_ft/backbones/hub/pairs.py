"""Encoder-decoder models of keras-hub as one graph from the tokens of two texts to the decoder's hidden states."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

import keras

from kerastune_ft.backbones.hub.blocks import replay
from kerastune_ft.backbones.hub.position_bias import PositionBias
from kerastune_ft.backbones.language.pair_input import PAIR_NAMES
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.units import Unit

_OUTPUT = "decoder_sequence_output"
_EMBEDDINGS = "embeddings"
_SIDES = ("encoder", "decoder")
_BLOCK = re.compile(r"(?:transformer_)?(encoder|decoder)_layer_(\d+)$")
# The normalisation after the last block of a stack.
_END = re.compile(r"(encoder|decoder)_output")
# Layers that keras-hub leaves to Keras to name, by their attribute, and a name that says where they are.
_NAMELESS = {
    "encoder_norm": "encoder_output_layer_norm",
    "encoder_dropout": "encoder_embed_dropout",
    "decoder_norm": "decoder_output_layer_norm",
    "decoder_dropout": "decoder_embed_dropout",
}


def encoder_decoder(body: keras.Model) -> keras.Model:
    """Return the model of `PAIR_NAMES`, [batch, length] each, -> [batch, length of the decoder's row, width].

    The layers are keras-hub's own, but for T5's position bias, which is one of its own.
    """
    _name_layers(body)
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in PAIR_NAMES}
    passed = {
        name: keras.layers.Identity(dtype="int32", name=f"{name}_passed")(tensor) for name, tensor in inputs.items()
    }
    whole = keras.Model(body.input, body.output[_OUTPUT])
    hidden = replay(whole, passed, passes_embeddings=True, calls=MappingProxyType({"T5TransformerLayer": _call_t5}))
    return keras.Model(inputs, hidden, name=body.name)


def units_of_pair(model: keras.Model) -> tuple[Unit, ...]:
    """Return the embeddings of both texts, the blocks of the encoder, and those of the decoder.

    A normalisation after the blocks of a stack belongs to the last of them.
    """
    nodes = [node for node in keras_private.nodes_in_order(model) if isinstance(node.operation, keras.layers.Layer)]
    uses = {node.operation.name: node for node in nodes}
    found: dict[str, list[keras_private.Node]] = {_EMBEDDINGS: []}
    for side in _SIDES:
        matches = {name: match for name in uses if (match := _BLOCK.match(name)) and match[1] == side}
        for name in sorted(matches, key=lambda name: int(matches[name][2])):
            found[f"{side}_layer{matches[name][2]}"] = [uses[name]]
    for name, node in uses.items():
        if end := _END.match(name):
            last = [unit for unit in found if unit.startswith(end[1])][-1]
            found[last].append(node)
        elif "embed" in name:
            found[_EMBEDDINGS].append(node)
    return tuple(
        Unit(name, tuple(node.operation for node in own), tuple(own[-1].outputs[0].shape))
        for name, own in found.items()
    )


def _name_layers(body: keras.Model) -> None:
    """Give layers that Keras numbers in each process a name of their own."""
    for attribute, name in _NAMELESS.items():
        layer = getattr(body, attribute, None)
        if layer is None or layer.name.startswith(_SIDES):
            continue
        old, layer.name = layer.name, name
        for variable in layer.variables:
            keras_private.set_path(variable, f"{name}/{variable.path.partition(f'{old}/')[2] or variable.name}")


def _call_t5(block: Any, call: Any, hidden: Any, **options: Any) -> Any:
    """Call a block of T5 with a position bias that was computed outside of it."""
    mask, bias = options.pop("attention_mask"), options.pop("position_bias", None)
    if bias is None:
        bias = PositionBias.of_block(block, bool(options.get("use_causal_mask")))(mask)
    return block(hidden, position_bias=bias, **options)[0], bias
