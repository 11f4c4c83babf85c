"""Building the backbone that options describe, checked: its units hold every variable once."""

from __future__ import annotations

import importlib
from typing import Any

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.units import is_seed


def build(options: Any, seed: int) -> Backbone:
    """Build the backbone that `options` describe; random weights are a function of `seed`.

    Raises ConfigError where the weights are not to be had.
    """
    keras.utils.set_random_seed(seed)
    return _checked(importlib.import_module(f"kerastune_ft.backbones.{options.kind}").build(options))


def outline(options: Any) -> Backbone:
    """Build the backbone that `options` describe for its units alone.

    The variables of an application without weights get no values, which for a large one would take long, and gigabytes.
    A saved model needs no word on the images it takes.
    """
    if options.kind == "saved":
        module = importlib.import_module("kerastune_ft.backbones.saved")
        return build(module.for_units(options), seed=0)
    if options.kind == "keras_hub":
        module = importlib.import_module("kerastune_ft.backbones.keras_hub")
        with keras.StatelessScope(initialize_variables=False):
            return _checked(module.outline(options))
    if options.kind != "applications" or options.weights is not None:
        return build(options, seed=0)
    with keras.StatelessScope(initialize_variables=False):
        return build(options, seed=0)


def _checked(backbone: Backbone) -> Backbone:
    _name_by_layer(backbone.model)
    _check_units(backbone)
    return backbone


def _name_by_layer(model: keras.Model) -> None:
    """Have the path of every variable begin with the name of its layer in the model, which is unique there.

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
