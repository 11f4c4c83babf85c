from __future__ import annotations

from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, with_change


def test_image_sizes() -> None:
    assert read(with_change("backbone.image_size", 64)).backbone.own_image_size == (64, 64)
    assert read(with_change("backbone.image_size", [64, 96])).backbone.own_image_size == (64, 96)
    assert read(MINIMAL).backbone.own_image_size == (224, 224)
    embedded = read(with_change("backbone.weights", "embedded")).backbone
    assert (embedded.own_image_size, embedded.options) == ((96, 96), {"alpha": 0.35})
