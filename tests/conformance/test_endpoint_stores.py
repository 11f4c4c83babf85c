"""A model with a head on several feature maps is cut like any other: its frozen part gives a set of tensors."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.endpoints import endpoint_units
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.config.options.phases import From
from kerastune_ft.graph.boundary import resolve
from kerastune_ft.graph.partition import Partition, partition, split_prefix
from kerastune_ft.graph.units import Unit
from kerastune_ft.layers.decoders.unet import unet_decoder

QUICK = ("MobileNetV2",)
SIDES = {"InceptionResNetV2": 139, "InceptionV3": 139}


def _backbone(name: str) -> tuple[Backbone, keras.Model]:
    """Return a backbone cut to the feature maps that it has, and the dense model on it."""
    keras.utils.clear_session()
    side = SIDES.get(name, 96)
    whole = build(Applications(name=name, weights=None, image_size=side), seed=0)
    backbone = whole.up_to([name for name in whole.endpoints if name != "features"])
    logits = unet_decoder(backbone.endpoints, 2, (side, side), 0, width=8)
    return backbone, keras.Model(backbone.model.input, logits)


def _cut(backbone: Backbone, model: keras.Model, first: Unit | None) -> Partition:
    """Return the parts of the dense model when the units from one on train, or the head alone."""
    below = {id(layer) for layer in backbone.model.layers}
    trained = {one.path for layer in model.layers if id(layer) not in below for one in layer.variables}
    if first is not None:
        trained |= resolve(From(unit=first.id), backbone.units, "unfreeze").variables
    return partition(model, trained)


def _check(name: str) -> None:
    backbone, model = _backbone(name)
    endpoints = backbone.endpoints
    assert list(endpoints)[-4:] == ["stride4", "stride8", "stride16", "stride32"]
    owners = endpoint_units(backbone.model, backbone.units, endpoints)
    ids = [unit.id for unit in backbone.units]
    images = np.random.default_rng(0).uniform(0, 255, (2, *model.input.shape[1:])).astype(np.float32)
    maps, logits = backbone.model(images, training=False), model(images, training=False).numpy()
    assert np.isfinite(logits).all()
    assert logits.std() > 0
    whole = _cut(backbone, model, None)
    for first in (None, *backbone.units[1 :: max(1, len(ids) // 4)]):
        parts = _cut(backbone, model, first)
        assert parts.prefix is not None
        stored = parts.prefix(images, training=False)
        assert np.array_equal(parts.tail(stored, training=False), logits), first
        rows = dict(zip(map(id, parts.cut), stored if isinstance(stored, list) else [stored], strict=True))
        frozen = [tap for tap in endpoints if first is None or ids.index(owners[tap]) < ids.index(first.id)]
        for tap in frozen:
            if id(endpoints[tap]) in rows:
                assert np.array_equal(rows[id(endpoints[tap])], maps[tap]), (first, tap)
        if first is None:
            # The last map of VGG is a pooling of the one before it, which the tail repeats.
            repeated = ["stride32"] if name.startswith("VGG") else []
            assert [tap for tap in endpoints if id(endpoints[tap]) not in rows] == repeated
        else:
            below, between = split_prefix(whole, parts)
            again = between.model(below.model(images, training=False), training=False)
            for one, other in zip(again, whole.prefix(images, training=False), strict=True):
                assert np.array_equal(one, other), first


@pytest.mark.parametrize("name", QUICK)
def test_taps_of_an_application_are_stored_and_computed_alike(name: str) -> None:
    _check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(APPLICATIONS) - set(QUICK)))
def test_taps_of_every_other_application_are_stored_and_computed_alike(name: str) -> None:
    _check(name)
