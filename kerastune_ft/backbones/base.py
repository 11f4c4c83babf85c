"""The pretrained body of a model: its graph, its units, what it takes, and where its weights come from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.inputs import BackboneInput
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import precision
from kerastune_ft.graph.units import Unit


@dataclass(frozen=True)
class Transfer:
    """Which variables of a backbone got pretrained values, and from where."""

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
    """What the model takes."""
    preprocessing: str
    """What the model does to its input first, in the words of plans and of preprocessing.json."""
    transfer: Transfer
    notes: tuple[str, ...] = ()
    kept_head: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)
    """The weights that a head continues from, by the name of its layer; empty for a new head."""
    prefix_tokens: int = 0
    """How many of the first positions of the features are no patches of the image: class tokens and registers."""

    @property
    def variables(self) -> list[keras.Variable]:
        """Return every variable of the backbone, unit by unit."""
        return [variable for unit in self.units for variable in unit.variables]


def computing_in(backbone: Backbone, policy: str) -> Backbone:
    """Return a float32 backbone that computes by a dtype policy; call it in the strategy's scope.

    Its layers have the same names, its variables the same paths and values.
    """
    if policy == precision.FLOAT32:
        return backbone
    try:
        model = precision.rebuilt(backbone.model, policy)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ConfigError(
            f"runtime.precision: {backbone.name} cannot be built in {policy} "
            f'({next(iter(str(error).strip().splitlines()), type(error).__name__)}); write "float32"'
        ) from error
    return replace(backbone, model=model, units=tuple(precision.same_unit(unit, model) for unit in backbone.units))


def content_hash(variables: Sequence[keras.Variable]) -> str:
    """Return the SHA-256 over paths and values of variables: what a checkpoint's differences are relative to."""
    digest = hashlib.sha256()
    for variable in sorted(variables, key=lambda one: one.path):
        digest.update(variable.path.encode())
        digest.update(variable.numpy().tobytes())
    return digest.hexdigest()
