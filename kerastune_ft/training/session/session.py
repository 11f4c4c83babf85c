"""The built model with its data on its devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.source import DataSource
from kerastune_ft.graph.rebuild.image_size import Size
from kerastune_ft.graph.units import Unit
from kerastune_ft.graph.values import view_values
from kerastune_ft.input.loader import Loader
from kerastune_ft.tasks.base import Task
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.session import adapters
from kerastune_ft.training.session.sizes import SizedParts, build_at


@dataclass(frozen=True)
class Session:
    """A built model with its data on its devices; the phases change nothing but the values of its variables."""

    config: RunConfig
    """The user's, with the options of a head that is kept."""
    devices: Devices
    source: DataSource
    """The data as the user knows them: what splits divide, results are of and reports name. See `examples`."""
    task: Task
    backbone: Backbone
    model: keras.Model
    """From raw inputs to raw outputs, flat, with preprocessing and head."""
    head: Unit
    loader: Loader
    origin: Mapping[str, np.ndarray]
    """The values every variable had before training, by path."""
    source_hash: str
    """SHA-256 of the backbone's variables before training: what checkpoints are relative to."""
    cache: Path
    """The directory of caches."""
    unaddressed: tuple[str, ...]
    """Layers whose random draws cannot be addressed."""
    sizes: dict[Size, SizedParts] = field(default_factory=dict)
    """Its parts for images of other sizes, as far as they were asked for."""

    @property
    def examples(self) -> DataSource:
        """Return what batches are made of, in the splits of `source`: its examples, or the tiles of its pictures."""
        return self.loader.source.divide_like(self.source)

    @property
    def units(self) -> tuple[Unit, ...]:
        """Return the units of the backbone and then the head."""
        return (*self.backbone.units, self.head)

    @property
    def parts(self) -> dict[str, Session]:
        """Return by name a session of each part of examples with several inputs; for a single input itself alone.

        What a part's backbone gives is computed and stored in it as if there were no other input.
        """
        given: Any = self.backbone.input
        source: Any = self.source
        return {
            name: replace(
                self,
                source=source.parts[name],
                loader=loader,
                backbone=replace(self.backbone, input=given.parts[name]),
                sizes={},
            )
            for name, loader in self.loader.parts.items()
        } or {"": self}

    def with_phases(self, phases: Sequence[Phase]) -> Session:
        """Return the same model and data with another schedule; its variables are shared and keep their values.

        Raises ConfigError for adapters that the model was not built with.
        """
        adapters.check_built(self.model, phases, self.backbone.units)
        return replace(self, config=self.config.model_copy(update={"phases": tuple(phases)}))

    def at(self, image_size: Size | None, place: str = "image_size") -> Session:
        """Return the session for images of another height and width: itself for None and for its own.

        It has the same layers and variables, and the same task. `place` is the key that asks for it. Raises ConfigError
        where something in the model is made for one size.
        """
        if image_size is None or image_size == self.backbone.input.image_size:
            return self
        if image_size not in self.sizes:
            with self.devices.strategy.scope():
                own = SizedParts(self.backbone, self.model, self.loader)
                self.sizes[image_size] = build_at(own, image_size, place)
        parts = self.sizes[image_size]
        return replace(self, backbone=parts.backbone, model=parts.model, loader=parts.loader, sizes={})

    @property
    def variables(self) -> dict[str, keras.Variable]:
        """Return every variable by path, input to output."""
        return {variable.path: variable for unit in self.units for variable in unit.variables}

    def values(self, paths: Iterable[str]) -> dict[str, np.ndarray]:
        """Return the values that these variables have now, read-only; they stay when the variables change."""
        variables = self.variables
        return {path: view_values(variables[path]) for path in paths}

    def assign(self, values: Mapping[str, np.ndarray]) -> None:
        """Set variables by path; what has the same bits already is not written, which takes longer than to see."""
        variables = self.variables
        for path, value in values.items():
            if not _is_same(view_values(variables[path]), np.asarray(value)):
                variables[path].assign(value)


def _is_same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool(np.array_equal(_as_bits(one), _as_bits(other)))


def _as_bits(values: np.ndarray) -> np.ndarray:
    """Return the bits of an array, of which NaN equals itself and 0 is not -0."""
    return np.ascontiguousarray(values).reshape(-1).view(f"u{values.dtype.itemsize}")
