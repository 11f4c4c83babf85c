"""Chooses the layers that get an adapter among the units that a phase unfreezes."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Mapping, Sequence

import keras

from kerastune_ft.config.options.phases import Lora, Unfreeze
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.boundary import HEAD, Selection, matching_units
from kerastune_ft.graph.lora import adapters, can_carry, is_pointwise
from kerastune_ft.graph.units import Unit
from kerastune_ft.wording import first_names

# How families name the projections of attention: query, q_proj, value_dense, qkv, ...
_PROJECTIONS = frozenset({"query", "q", "value", "v", "qkv"})
_SHOWN = 4

Targets = dict[str, dict[str, keras.layers.Layer]]
"""Layers by path, by id of their unit."""


def find_targets(lora: Lora, unfreeze: Unfreeze, units: Sequence[Unit], place: str) -> Targets:
    """Return the layers that a phase has adapters on; `place` names the phase in messages.

    A pattern is compared with the path of a layer, or with its name alone where it has no `/`. Raises ConfigError where
    a pattern matches no layer of the units named that could carry one, or where there is none at all.
    """
    named = set(matching_units(unfreeze, units, f"{place}.unfreeze"))
    leaves = {unit.id: _leaves(unit) for unit in units}
    able = {
        unit: {path: leaf for path, leaf in leaves[unit].items() if can_carry(leaf)} for unit in leaves if unit in named
    }
    if lora.targets is None:
        return _by_default(able, place)
    for glob in lora.targets:
        if not any(_matches(path, glob) for own in able.values() for path in own):
            raise ConfigError(f"{place}.lora.targets: {_why_nothing(glob, leaves, able)}")
    found = {
        unit: {path: leaf for path, leaf in own.items() if any(_matches(path, glob) for glob in lora.targets)}
        for unit, own in able.items()
    }
    return {unit: own for unit, own in found.items() if own}


def select_adapters(found: Mapping[str, Mapping[str, keras.layers.Layer]]) -> Selection:
    """Return the selection of a phase that trains only the adapters on these layers."""
    chosen = {
        variable.path for own in found.values() for adapter in adapters(own.values()) for variable in adapter.variables
    }
    return Selection(tuple(found), next(iter(found), HEAD), frozenset(chosen))


def _leaves(unit: Unit) -> dict[str, keras.layers.Layer]:
    found: dict[str, keras.layers.Layer] = {}
    for layer in unit.layers:
        found |= keras_private.leaf_layers(layer, f"{layer.name}/") or {layer.name: layer}
    return found


def _by_default(able: Targets, place: str) -> Targets:
    for chosen in (_is_projection, lambda path, leaf: is_pointwise(leaf)):
        found = {unit: {path: leaf for path, leaf in own.items() if chosen(path, leaf)} for unit, own in able.items()}
        if any(found.values()):
            return {unit: own for unit, own in found.items() if own}
    others = sorted({type(leaf).__name__ for own in able.values() for leaf in own.values()})
    remedy = f'name layers in "targets" (there are {", ".join(others)})' if others else 'unfreeze other units, or "all"'
    raise ConfigError(
        f"{place}.lora: {', '.join(able)} {'has' if len(able) == 1 else 'have'} no dense layer and no 1x1 convolution "
        f"to put an adapter on; {remedy}"
    )


def _is_projection(path: str, layer: keras.layers.Layer) -> bool:
    words = set(re.split(r"[_\d]+", path.rpartition("/")[2].lower()))
    return isinstance(layer, keras.layers.Dense | keras.layers.EinsumDense) and bool(words & _PROJECTIONS)


def _matches(path: str, glob: str) -> bool:
    return fnmatch.fnmatchcase(path if "/" in glob else path.rpartition("/")[2], glob)


def _why_nothing(glob: str, leaves: Targets, able: Targets) -> str:
    """Return why a pattern gives no adapter, and what would."""
    for unit, own in leaves.items():
        for path, leaf in own.items():
            if _matches(path, glob) and unit not in able:
                return f"{glob!r} matches {path} of {unit}, which unfreeze does not name; it names {', '.join(able)}"
            if _matches(path, glob):
                return (
                    f"{glob!r} matches {path}, a {type(leaf).__name__}, which cannot carry an adapter; Dense, "
                    "EinsumDense, Conv1D, Conv2D, Conv3D (without groups) and Embedding can"
                )
    paths = [path for own in able.values() for path in own]
    near = difflib.get_close_matches(glob, [*paths, *(path.rpartition("/")[2] for path in paths)], n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{glob!r} matches no layer; {hint}those that can carry an adapter are {first_names(paths, _SHOWN)}"
