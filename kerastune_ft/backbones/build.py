"""Builds the backbone that options describe, and checks that its units hold every variable once."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.depth import find_alternating, join_alternating
from kerastune_ft.graph.naming import name_by_layer
from kerastune_ft.graph.units import is_seed
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import first_names

_SHOWN = 5

_KINDS = {
    "applications": "kerastune_ft.backbones.keras_applications.applications",
    "keras_hub": "kerastune_ft.backbones.keras_hub",
    "run": "kerastune_ft.backbones.run",
    "saved": "kerastune_ft.backbones.saved",
}
"""The module of each `backbone.kind`, which has `build(options)` and, for the units alone, `outline(options)`.

Where models may write texts it has `build_writer(options)` and `outline_writer(options, writes)` too.
"""
_MASKED = "kerastune_ft.backbones.masked"
"""The module of backbones that find hidden words."""


def build(
    options: Any, seed: int, rules: Rules = NEWEST, *, writes: bool = False, hides_words: bool = False
) -> Backbone:
    """Build the backbone that `options` describe; random weights are a function of `seed`.

    With one that `writes` texts comes the matrix of its vocabulary; where a task `hides_words`, a head that finds them.
    Raises ConfigError where the weights cannot be found, or where it has to do either and cannot.
    """
    keras.utils.set_random_seed(seed)
    if hides_words:
        return _check(importlib.import_module(_MASKED).build(options), rules)
    kind = _kind(options)
    if writes and not hasattr(kind, "build_writer"):
        raise ConfigError(
            f'backbone.kind: {options.kind} has no models that write texts; write "keras_hub", with a preset or a '
            'class as "GPT2Backbone"'
        )
    return _check(kind.build_writer(options) if writes else kind.build(options), rules)


def outline(options: Any, *, writes: bool | None = False) -> Backbone:
    """Build the backbone that `options` describe for its units alone.

    `writes` says whether it is to write texts; None: it does where it has a decoder for it beside an encoder.
    What can be left out is: values of random weights, which take long and gigabytes, the weights of a preset, and the
    input range of a saved model.
    """
    keras.utils.set_random_seed(0)
    kind = _kind(options)
    made = kind.outline_writer(options, writes) if hasattr(kind, "outline_writer") else kind.outline(options)
    return _check(made, NEWEST)


def _kind(options: Any) -> Any:
    """Return the module of a kind of backbone, imported only now."""
    return importlib.import_module(_KINDS[options.kind])


def _check(backbone: Backbone, rules: Rules) -> Backbone:
    """Return the backbone once its variables are named by layer and held by one unit each."""
    name_by_layer(backbone.model)
    if rules.joins_alternating_layers:
        backbone = _join_alternating(backbone)
    _check_units(backbone)
    return backbone


def _join_alternating(backbone: Backbone) -> Backbone:
    """Return the backbone with layers that it uses by turns in one unit, and a note of them."""
    units = join_alternating(backbone.model, backbone.units)
    if len(units) == len(backbone.units):
        return backbone
    layers = {layer.name: layer for pair in find_alternating(backbone.model) for layer in pair}
    holding = [unit.id for unit in units if any(layer in unit.layers for layer in layers.values())]
    note = f"{first_names(list(layers), _SHOWN)} are used by turns, so that {' and '.join(holding)} cannot be parted"
    return replace(backbone, units=units, notes=(*backbone.notes, note))


def _check_units(backbone: Backbone) -> None:
    """Raise AssertionError unless the units hold every variable of the model exactly once."""
    held = [variable.path for variable in backbone.variables]
    expected = {variable.path for variable in backbone.model.variables if not is_seed(variable)}
    if len(held) != len(set(held)) or set(held) != expected:
        stray = sorted(set(held) ^ expected)[:5] or "one variable in two units"
        raise AssertionError(f"the units of {backbone.name} do not cover its variables once each: {stray}")
