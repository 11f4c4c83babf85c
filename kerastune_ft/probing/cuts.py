"""Cuts of a backbone to probe: which units they lie below, and their activations pooled to one row per example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph.partition import partition
from kerastune_ft.training.session.session import Session

MOST_CUTS = 4
"""The most cuts inside a backbone that are probed at a time."""


def choose_units(session: Session, most: int = MOST_CUTS) -> tuple[str, ...]:
    """Return the units below which a backbone is probed: evenly spaced by number, input to output, the first left out.

    Nothing where texts are read in windows, whose rows belong to no example of their own, and where examples have
    several inputs, of which each has cuts of its own.
    """
    units = session.backbone.units
    if session.loader.parts or session.backbone.input.windows(session.backbone.model) is not None or len(units) < 2:
        return ()
    count = min(most, len(units) - 1)
    places = [round(len(units) * number / (count + 1)) for number in range(1, count + 1)]
    return tuple(units[min(len(units) - 1, max(1, place))].id for place in dict.fromkeys(places))


def pool_cuts(session: Session, units: Sequence[str]) -> list[Any]:
    """Return for each of these units the symbolic activations that enter it, as one float32 row of each example."""
    return [_pool_cut(session, unit) for unit in units]


def _pool_cut(session: Session, unit: str) -> Any:
    ids = [each.id for each in session.backbone.units]
    above = (*session.backbone.units[ids.index(unit) :], session.head)
    trained = {variable.path for each in above for variable in each.variables}
    mask = session.backbone.input.padding_mask(session.backbone.model)
    crossing = partition(session.model, trained).crossing
    pooled = [
        _pool(tensor, mask, f"probe_{unit}_{number}")
        for number, tensor in enumerate(crossing.tensors)
        if _has_features(tensor, mask is not None)
    ]
    return keras.layers.Concatenate(name=f"probe_{unit}", dtype="float32")(pooled) if len(pooled) > 1 else pooled[0]


def _has_features(tensor: Any, is_sequence: bool) -> bool:
    """Return whether a tensor at a cut holds features of the example, and no mask or table of positions."""
    rank = len(tensor.shape)
    if not tf.as_dtype(tensor.dtype).is_floating or tensor.shape[-1] is None:
        return False
    return rank == 3 and tensor.shape[1] is None if is_sequence else rank in (2, 3, 4)


def _pool(tensor: Any, mask: Any, name: str) -> Any:
    rank = len(tensor.shape)
    if rank == 4:
        return keras.layers.GlobalAveragePooling2D(name=name, dtype="float32")(tensor)
    if rank == 3:
        pooling = keras.layers.GlobalAveragePooling1D(name=name, dtype="float32")
        return pooling(tensor) if mask is None else pooling(tensor, mask=mask)
    return keras.layers.Identity(name=name, dtype="float32")(tensor)
