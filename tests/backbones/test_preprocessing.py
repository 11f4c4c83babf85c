from __future__ import annotations

import importlib

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import build
from kerastune_ft.backbones.families import FAMILIES, family_of
from kerastune_ft.backbones.preprocessing import preprocess
from kerastune_ft.config.applications import APPLICATIONS
from kerastune_ft.config.backbones import Applications

MODULES = {
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "ResNet50": "resnet50",
    "ResNet50V2": "resnet_v2",
    "EfficientNetB0": "efficientnet",
    "EfficientNetV2B0": "efficientnet_v2",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "DenseNet121": "densenet",
    "MobileNetV3Small": "mobilenet_v3",
    "InceptionV3": "inception_v3",
    "InceptionResNetV2": "inception_resnet_v2",
    "Xception": "xception",
    "NASNetMobile": "nasnet",
    "ConvNeXtTiny": "convnext",
}
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3)).astype(np.float32)


def test_every_application_is_in_one_family() -> None:
    names = [name for family in FAMILIES for name in family.names]
    assert sorted(names) == sorted(APPLICATIONS)
    assert {family.names[0] for family in FAMILIES} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_the_layers_compute_what_the_function_of_keras_does(name: str) -> None:
    inputs = keras.Input((5, 4, 3))
    outputs = preprocess(inputs, family_of(name).preprocessing)
    expected = importlib.import_module(f"keras.applications.{MODULES[name]}").preprocess_input(IMAGES.copy())
    found = IMAGES if outputs is inputs else keras.Model(inputs, outputs)(IMAGES)
    assert np.allclose(found, expected, rtol=1e-5, atol=2e-5)
    assert (outputs is inputs) == (family_of(name).preprocessing == "inside")


def _check_backbone(name: str) -> None:
    """The backbone on raw pixels computes what Keras' model does on what its own function returns."""
    keras.utils.clear_session()
    size = max(64, APPLICATIONS[name].minimum)
    backbone = build(Applications(name=name, weights=None, image_size=size), seed=0)
    keras.utils.clear_session()
    plain = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(size, size, 3))
    ours = {variable.path: variable for variable in backbone.model.variables}
    for variable in plain.variables:
        variable.assign(ours[variable.path])
    images = np.random.default_rng(1).uniform(0, 255, (2, size, size, 3)).astype(np.float32)
    function = importlib.import_module(f"keras.applications.{MODULES[name]}").preprocess_input
    expected = plain(function(images.copy()), training=False).numpy()
    found = backbone.model(images, training=False).numpy()
    assert np.abs(found - expected).max() <= 1e-3 * np.abs(expected).max()
    assert backbone.image_size == (size, size)


def test_a_backbone_takes_raw_pixels() -> None:
    _check_backbone("MobileNet")


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(MODULES) - {"MobileNet"}))
def test_every_backbone_takes_raw_pixels(name: str) -> None:
    _check_backbone(name)
