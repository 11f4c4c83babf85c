"""Builds the backbone that options describe, and checks that its units hold every variable once."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.depth import find_alternating, join_alternating
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
"""The module of each `backbone.kind`, which has `build(options)` and, for the units alone, `outline(options)`."""


def build(options: Any, seed: int, rules: Rules = NEWEST) -> Backbone:
    """Build the backbone that `options` describe; random weights are a function of `seed`.

    Raises ConfigError where the weights cannot be found.
    """
    keras.utils.set_random_seed(seed)
    return _check(_kind(options).build(options), rules)


def outline(options: Any) -> Backbone:
    """Build the backbone that `options` describe for its units alone.

    What can be left out is: values of random weights, which take long and gigabytes, the weights of a preset, and the
    input range of a saved model.
    """
    keras.utils.set_random_seed(0)
    return _check(_kind(options).outline(options), NEWEST)


def _kind(options: Any) -> Any:
    """Return the module of a kind of backbone, imported only now."""
    return importlib.import_module(_KINDS[options.kind])


def _check(backbone: Backbone, rules: Rules) -> Backbone:
    """Return the backbone once its variables are named by layer and held by one unit each."""
    _name_by_layer(backbone.model)
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


def _name_by_layer(model: keras.Model) -> None:
    """Make the path of every variable begin with the name of its layer in the model, which is unique there.

    Some layers of keras-hub build what they hold outside their own scope, so that paths of two blocks are the same.
    """
    for layer in model.layers:
        for variable in layer.variables:
            if not is_seed(variable) and not variable.path.startswith(f"{layer.name}/"):
                keras_private.set_path(variable, f"{layer.name}/{variable.path}")


def _check_units(backbone: Backbone) -> None:
    """Raise AssertionError unless the units hold every variable of the model exactly once."""
    held = [variable.path for variable in backbone.variables]
    expected = {variable.path for variable in backbone.model.variables if not is_seed(variable)}
    if len(held) != len(set(held)) or set(held) != expected:
        stray = sorted(set(held) ^ expected)[:5] or "one variable in two units"
        raise AssertionError(f"the units of {backbone.name} do not cover its variables once each: {stray}")
