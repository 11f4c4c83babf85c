"""A text backbone that reads an example in windows: parts of a long text, each a row of tokens of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.hub.blocks import replay
from kerastune_ft.backbones.text_input import PADDING_MASK, WINDOWS, TextInput, name_unfolding
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.rows.windows import UnfoldWindows
from kerastune_ft.graph.units import units_in


def with_windows(backbone: Backbone, text: TextInput, length: int) -> Backbone:
    """Return the backbone for rows of windows, made of the same layers.

    Its model takes int32 [batch, windows, length] by the names of `text` and gives hidden states [batch x windows,
    length, width]. A window whose padding mask is 0 everywhere fills up the windows of a batch: it is computed like
    any other and must count nothing.
    """
    inputs = {name: keras.Input((None, length), dtype="int32", name=name) for name in text.names}
    given = {**inputs, PADDING_MASK: keras.layers.Identity(dtype="int32", name=WINDOWS)(inputs[PADDING_MASK])}
    # To attend to nothing at all could give NaN, which would stay NaN however little it counts.
    # Names of their own: a head on the graph of a saved run counts the operations that it adds from the beginning.
    present = keras.ops.max(given[PADDING_MASK], axis=-1, keepdims=True)
    is_empty = keras_private.rename(1 - keras_private.rename(present, "windows_present"), "windows_empty")
    filled = keras.ops.maximum(given[PADDING_MASK], is_empty)
    given[PADDING_MASK] = keras_private.rename(filled, "windows_filled")
    layers = make_unfolding_layers(given)
    rows = {name: layers[name_unfolding(name)](tensor) for name, tensor in given.items()}
    model = keras.Model(inputs, replay(backbone.model, rows), name=backbone.model.name)
    units = units_in(backbone.units, backbone.model, model)
    return replace(backbone, model=model, units=units, input=replace(text, window=length), body=None)


def make_unfolding_layers(names: Iterable[str]) -> dict[str, keras.layers.Layer]:
    """Return by name new layers that give every window of these inputs a row; a saved model has operations instead."""
    return {name_unfolding(name): UnfoldWindows(name=name_unfolding(name), dtype="int32") for name in names}
