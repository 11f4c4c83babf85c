from __future__ import annotations

import re
from typing import Any

import pytest

from kerastune_ft.config.checks.modality import modality_inconsistencies

APPLICATION = {"kind": "applications", "name": "MobileNetV2"}


def hub(name: str) -> dict[str, Any]:
    return {"kind": "keras_hub", "class": f"{name}Backbone"}


@pytest.mark.parametrize(
    ("task", "backbone", "said"),
    [
        ("image_classification", APPLICATION, None),
        ("audio_classification", APPLICATION, None),
        ("audio_classification", hub("ViT"), None),
        ("audio_classification", hub("Whisper"), None),
        ("text_regression", hub("Bert"), None),
        ("text_regression", {"kind": "keras_hub", "preset": "vit_base"}, None),
        ("text_classification", {"kind": "saved", "path": "net.keras"}, None),
        ("no_task", APPLICATION, None),
        ("text_classification", APPLICATION, "MobileNetV2 takes images, and task.kind text_classification is of texts"),
        (
            "image_classification",
            hub("Bert"),
            "BertBackbone takes texts, and task.kind image_classification is of images",
        ),
        (
            "audio_classification",
            hub("GPT2"),
            "GPT2Backbone takes texts, and task.kind audio_classification is of sounds",
        ),
        ("image_regression", hub("Whisper"), "takes sounds, .* whose name begins with audio_"),
        ("text_regression", {"kind": "applications"}, "it takes images"),
    ],
)
def test_a_backbone_of_another_modality_is_named(task: str, backbone: dict[str, Any], said: str | None) -> None:
    found = list(modality_inconsistencies({"kind": task}, backbone))
    assert len(found) == (said is not None)
    for place, message in found:
        assert place[0] == "backbone"
        assert place[1] in backbone
        assert said is not None
        assert re.search(said, message)
