from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.backbones.keras_applications.families import FAMILIES, family_of
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.options.backbones import Applications

NAMES = sorted(APPLICATIONS)
PIXELS = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype(np.float32)


class _FirstConvolution(Exception):
    """Carries what the first convolution of a model was called with."""

    def __init__(self, inputs: Any) -> None:
        self.inputs = inputs


@pytest.fixture
def stop_at_first_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every model end where its first convolution, or the block that begins with one, would begin."""

    def stop(layer: keras.layers.Layer, inputs: Any, *arguments: Any, **options: Any) -> None:
        raise _FirstConvolution(inputs)

    monkeypatch.setattr(keras.layers.Conv2D, "__call__", stop)
    monkeypatch.setattr(keras.Sequential, "__call__", stop)
    monkeypatch.setattr(imagenet, "require_weights", lambda options: None)


def _preprocess_input(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that Keras documents for an architecture."""
    module = inspect.getmodule(inspect.unwrap(getattr(keras.applications, name))).__name__.rsplit(".", 1)[-1]
    return importlib.import_module(f"keras.applications.{module}").preprocess_input


def _record_first_input(build_model: Callable[[], Any]) -> keras.KerasTensor:
    with pytest.raises(_FirstConvolution) as caught:
        build_model()
    return caught.value.inputs


def _root(tensor: keras.KerasTensor) -> keras.KerasTensor:
    while tensor._keras_history.operation._inbound_nodes[0].input_tensors:
        (tensor,) = tensor._keras_history.operation._inbound_nodes[0].input_tensors
    return tensor


def _compute(tensor: keras.KerasTensor, pixels: np.ndarray) -> np.ndarray:
    # Keras 3.13 makes no model of an input alone.
    return pixels if _root(tensor) is tensor else keras.Model(_root(tensor), tensor)(pixels, training=False).numpy()


def test_every_application_is_in_one_family() -> None:
    assert sorted(name for family in FAMILIES for name in family.names) == NAMES
    assert len(NAMES) == 40


@pytest.mark.usefixtures("stop_at_first_convolution")
@pytest.mark.parametrize("weights", [None, "imagenet"])
@pytest.mark.parametrize("name", NAMES)
def test_the_first_convolution_sees_what_keras_wants_it_to_see(name: str, weights: str | None) -> None:
    size = APPLICATIONS[name].image_size
    pixels = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3)).astype(np.float32)
    ours = _record_first_input(lambda: build(Applications(name=name, weights=weights), seed=0))
    architecture = getattr(keras.applications, name)
    theirs = _record_first_input(lambda: architecture(include_top=False, weights=weights, input_shape=(size, size, 3)))
    expected = _compute(theirs, _preprocess_input(name)(pixels.copy()))
    found = _compute(ours, pixels)
    assert np.allclose(found, expected, rtol=1e-5, atol=2e-5)


@pytest.mark.usefixtures("stop_at_first_convolution")
@pytest.mark.parametrize("name", ["EfficientNetB0", "EfficientNetV2S", "ConvNeXtTiny", "MobileNetV3Small"])
def test_the_model_does_it_inside_where_the_family_says_so(name: str) -> None:
    """What they call preprocessing does nothing: the range that the first convolution sees shows that they do it."""
    assert family_of(name).preprocessing == "inside"
    assert np.array_equal(_preprocess_input(name)(PIXELS.copy()), PIXELS)
    seen = _compute(_record_first_input(lambda: build(Applications(name=name, weights=None, image_size=32), 0)), PIXELS)
    assert np.abs(seen).max() < 3


def _check_backbone(name: str) -> None:
    """The backbone on raw pixels computes what Keras' model does on what its own function returns."""
    keras.utils.clear_session()
    size = max(64, APPLICATIONS[name].minimum)
    backbone = build(Applications(name=name, weights=None, image_size=size), seed=0)
    ours = {variable.path: variable.numpy() for variable in backbone.model.variables}
    images = np.random.default_rng(1).uniform(0, 255, (2, size, size, 3)).astype(np.float32)
    found = backbone.model(images, training=False).numpy()
    del backbone
    keras.utils.clear_session()
    plain = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(size, size, 3))
    for variable in plain.variables:
        variable.assign(ours[variable.path])
    expected = plain(_preprocess_input(name)(images.copy()), training=False).numpy()
    assert np.abs(found - expected).max() <= 1e-3 * np.abs(expected).max()


def test_a_backbone_takes_raw_pixels() -> None:
    _check_backbone("MobileNet")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "MobileNet"])
def test_every_backbone_takes_raw_pixels(name: str) -> None:
    _check_backbone(name)
