"""The pretrained body of a model: its graph, its units, what it takes, and where its weights come from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones import endpoints
from kerastune_ft.backbones.inputs import BackboneInput, ImageInput
from kerastune_ft.backbones.language.generator import Generator
from kerastune_ft.backbones.language.vocabulary import Vocabulary
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild import image_size, precision
from kerastune_ft.graph.units import Unit, units_in
from kerastune_ft.graph.values import view_bytes


@dataclass(frozen=True)
class Transfer:
    """Report of a transfer: where pretrained values came from, and which variables got none."""

    source: str
    sha256: str | None
    loaded: int
    missing: tuple[str, ...] = ()
    """Paths of backbone variables the source has no value for: they keep their initial values."""
    unused: tuple[str, ...] = ()
    """Names in the source the backbone has no variable for, such as an old classifier."""

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "source": self.source,
            "sha256": self.sha256,
            "loaded": self.loaded,
            "missing": list(self.missing),
            "unused": list(self.unused),
        }


@dataclass(frozen=True)
class Backbone:
    """A pretrained body: raw inputs in, features out, ordered units in between.

    `model` takes what the data loader yields, which `input` describes, and holds its own preprocessing. A model of text
    gives hidden states [batch, length, width].
    """

    name: str
    model: keras.Model
    units: tuple[Unit, ...]
    input: BackboneInput
    """The description of the model's input."""
    preprocessing: str
    """The preprocessing inside the model, in the words of plans and of preprocessing.json."""
    transfer: Transfer
    notes: tuple[str, ...] = ()
    kept_head: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)
    """The weights that a head continues from, by the name of its layer; empty for a new head."""
    kept_outputs: Any = None
    """The symbolic outputs of an earlier run's head, where objects of Python built it; else None."""
    prefix_tokens: int = 0
    """Number of leading positions of the features that are no patches of the image: class tokens and registers."""

    body: keras.Model | None = None
    """The whole backbone of keras-hub, where all its variables are in `model`; None for others."""
    vocabulary: Vocabulary | None = None
    """What turns its hidden states into scores of tokens; None for a backbone that writes no texts."""
    generator: Generator | None = None
    """What texts are generated with; None for a backbone that writes none."""

    @cached_property
    def endpoints(self) -> dict[str, Any]:
        """Return the symbolic tensors that a head can read: `features`, and feature maps as `stride2` to `stride32`.

        After `up_to` they are those that were chosen.
        """
        # Kept, since layers are made for the maps of a transformer.
        return endpoints.model_endpoints(self.model, self.units, self.prefix_tokens)

    @property
    def outputs(self) -> dict[str, Any]:
        """Return the endpoints that the head reads: `features`, or those that `up_to` was called with."""
        return endpoints.model_outputs(self.model)

    def unit_maps(self) -> dict[str, dict[str, list[int]]]:
        """Return by unit the feature maps that it ends with, and trains: their shapes by `stride<n>`, batch left out.

        A unit without one is left out.
        """
        maps = {name: tensor for name, tensor in self.endpoints.items() if name != endpoints.FEATURES}
        found: dict[str, dict[str, list[int]]] = {}
        owners = endpoints.endpoint_units(self.model, self.units, maps) if maps else {}
        for name, unit in owners.items():
            found.setdefault(unit, {})[name] = list(maps[name].shape[1:])
        return found

    def up_to(self, names: Sequence[str]) -> Backbone:
        """Return the backbone that computes these endpoints and no more: units above the last one are left out.

        Raises ConfigError for an endpoint that it does not have.
        """
        found = self.endpoints
        if missing := [name for name in names if name not in found]:
            raise ConfigError(
                f"backbone: {self.name} has no {' and no '.join(missing)} to put a head on; it has {', '.join(found)}; "
                "write another backbone"
            )
        if tuple(names) == (endpoints.FEATURES,) or (isinstance(self.model.output, dict) and set(names) == set(found)):
            return self
        model = keras.Model(self.model.input, {name: found[name] for name in names}, name=self.model.name)
        return replace(self, model=model, units=units_in(self.units, self.model, model), body=None)

    def at(self, size: tuple[int, int]) -> Backbone:
        """Return the backbone for images of another size, made of the same layers.

        Raises NotResizable where something in its graph is made for one size.
        """
        model = image_size.at_size(self.model, size)
        units = units_in(self.units, self.model, model)
        return replace(self, model=model, units=units, input=ImageInput(size), body=None)

    @property
    def variables(self) -> list[keras.Variable]:
        """Return every variable of the backbone, unit by unit."""
        return [variable for unit in self.units for variable in unit.variables]


def with_precision(backbone: Backbone, policy: str) -> Backbone:
    """Return a float32 backbone that computes by a dtype policy; call it in the strategy's scope.

    Its layers have the same names, its variables the same paths and values.
    """
    if policy == precision.FLOAT32:
        return backbone
    try:
        model = precision.rebuild(backbone.model, policy)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ConfigError(
            f"runtime.precision: {backbone.name} cannot be built in {policy} "
            f'({next(iter(str(error).strip().splitlines()), type(error).__name__)}); write "float32"'
        ) from error
    units = tuple(precision.unit_in(unit, model) for unit in backbone.units)
    words = backbone.vocabulary and backbone.vocabulary.move(backbone.model, model)
    return replace(backbone, model=model, units=units, body=None, vocabulary=words)


def content_hash(variables: Sequence[keras.Variable]) -> str:
    """Return the SHA-256 over paths and values of variables, which names the weights that a checkpoint builds on."""
    digest = hashlib.sha256()
    for variable in sorted(variables, key=lambda one: one.path):
        digest.update(variable.path.encode())
        digest.update(view_bytes(variable))
    return digest.hexdigest()
