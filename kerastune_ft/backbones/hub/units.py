"""The units of keras-hub's backbones: from the names of their layers, else by graph depth."""

from __future__ import annotations

import re

import keras

from kerastune_ft.config.facts.hub_families import HubFamily
from kerastune_ft.graph.depth import units_by_depth
from kerastune_ft.graph.units import Unit, units_by_name


def units_of(model: keras.Model, family: HubFamily) -> tuple[Unit, ...]:
    """Return the units of a flat model, input to output: embeddings or stem, one per block, norms with the last."""
    if not family.rules:
        return units_by_depth(model)
    compiled = [(re.compile(pattern), unit) for pattern, unit in family.rules]

    def unit_of(name: str) -> str | None:
        return next((match.expand(unit) for pattern, unit in compiled if (match := pattern.match(name))), None)

    return units_by_name(model, unit_of)
