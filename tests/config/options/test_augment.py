from __future__ import annotations

import pytest

from kerastune_ft.config.options.phases import (
    AUGMENT_PRESETS,
    Augment,
)


@pytest.mark.parametrize("preset", AUGMENT_PRESETS)
def test_augment_presets_resolve_to_every_operation(preset: str) -> None:
    assert Augment(preset=preset).resolve() == dict(AUGMENT_PRESETS[preset])
    resolved = Augment(preset=preset, flip="both", erase=0.5).resolve()
    assert resolved == {**AUGMENT_PRESETS[preset], "flip": "both", "erase": 0.5}


def test_light_augmentation_never_mirrors() -> None:
    assert AUGMENT_PRESETS["light"]["flip"] == "none"
