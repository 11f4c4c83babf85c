from __future__ import annotations

import pytest

from kerastune_ft.cards.licences import find_licence
from kerastune_ft.config.facts.applications import APPLICATIONS

KNOWN = {"apache-2.0", "mit", "bsd", "bsd-3-clause", "cc-by-4.0"}


@pytest.mark.parametrize(
    ("backbone", "id", "said"),
    [
        ({"kind": "applications", "name": "ResNet50", "weights": "imagenet"}, "mit", "under MIT"),
        ({"kind": "applications", "name": "MobileNetV2", "weights": "embedded"}, "apache-2.0", "inside kerastune_ft"),
        ({"kind": "applications", "name": "ResNet50", "weights": "w.h5"}, None, "state it yourself"),
        ({"kind": "applications", "name": "ResNet50", "weights": None}, None, "random weights"),
        ({"kind": "applications", "name": "ConvNeXtTiny", "weights": "imagenet"}, None, "facebookresearch"),
        ({"kind": "keras_hub", "preset": "bert_tiny_en_uncased"}, "apache-2.0", "bert_tiny_en_uncased"),
        ({"kind": "keras_hub", "preset": "presets/bert_mine"}, None, "state it yourself"),
        ({"kind": "keras_hub", "preset": None}, None, "random weights"),
        ({"kind": "saved", "path": "m.keras"}, None, "state it yourself"),
        ({}, None, "state it yourself"),
    ],
)
def test_the_licence_of_weights_is_named_where_it_is_known(backbone: dict, id: str | None, said: str) -> None:
    found = find_licence(backbone)
    assert found.id == id and said in found.sentence


def test_every_application_has_a_sentence() -> None:
    for name in APPLICATIONS:
        found = find_licence({"kind": "applications", "name": name, "weights": "imagenet"})
        assert (found.id in KNOWN) != ("state it yourself" in found.sentence), name
