from __future__ import annotations

import pytest

from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, messages


@pytest.mark.parametrize(
    ("backbone", "place", "message"),
    [
        ({"name": "ResNet50", "weights": "embedded"}, "weights", '"embedded" weights exist for MobileNetV2 only'),
        ({"name": "MobileNetV2", "weights": "embedded", "options": {"alpha": 1}}, "options.alpha", "for 0.35, not 1"),
        ({"name": "ResNet50", "options": {"alpha": 0.5}}, "options.alpha", "ResNet50 takes no options; remove alpha"),
        ({"name": "MobileNet", "options": {"depth_multiplier": 2}}, "options.depth_multiplier", "no ImageNet weights"),
        ({"name": "MobileNetV3Small", "options": {"minimalistic": 1}}, "options.minimalistic", "write true or false"),
        (
            {"name": "MobileNetV3Small", "options": {"minimalistic": True, "alpha": 0.75}},
            "options.alpha",
            "0.75 has no ImageNet weights; MobileNetV3Small has them for 1",
        ),
        ({"name": "Xception", "image_size": 64}, "image_size", "Xception needs at least 71"),
    ],
)
def test_backbones(backbone: dict, place: str, message: str) -> None:
    found = messages({**MINIMAL, "backbone": {"kind": "applications", **backbone}})
    assert list(found) == [f"backbone.{place}"]
    assert message in found[f"backbone.{place}"]


@pytest.mark.parametrize(
    ("backbone", "place", "message"),
    [
        ({"class": "BertBackbone", "options": {"dtype": "float16"}}, "options.dtype", 'write "precision" in runtime'),
        (
            {"class": "BertBackbone", "options": {"trainable": False}},
            "options.trainable",
            'write "unfreeze" in a phase',
        ),
        (
            {"class": "ViTBackbone", "options": {"image_shape": [16, 16, 3]}, "image_size": 16},
            "options.image_shape",
            "image_size is given too",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["keras_hub", "keras_nlp"])
def test_what_is_no_option_of_a_backbone_class(kind: str, backbone: dict, place: str, message: str) -> None:
    found = messages({**MINIMAL, "backbone": {"kind": kind, **backbone}})
    assert message in found[f"backbone.{place}"]
    known = {"class": "ViTBackbone", "options": {"image_shape": [16, 16, 3], "num_layers": 2}}
    read({**MINIMAL, "backbone": {"kind": kind, **known}})


def test_widths_without_imagenet_weights_are_free() -> None:
    for weights in (None, "my.weights.h5"):
        backbone = {"kind": "applications", "name": "MobileNetV2", "weights": weights, "options": {"alpha": 0.1}}
        assert read({**MINIMAL, "backbone": backbone}).backbone.options == {"alpha": 0.1}


@pytest.mark.parametrize(
    ("path", "words"),
    [("w.weights.h5", "holds weights and no model"), ("w.safetensors", "holds weights and no model"),
     ("model.h5", "the format that preceded .keras")],
)  # fmt: skip
def test_what_is_no_keras_file_is_told_its_use(path: str, words: str) -> None:
    found = messages({**MINIMAL, "backbone": {"kind": "saved", "path": path}})
    assert list(found) == ["backbone.path"]
    assert words in found["backbone.path"]
