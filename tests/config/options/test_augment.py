from __future__ import annotations

import pytest

from kerastune_ft.config.options.augment import (
    AUGMENT_PRESETS,
    IMAGE_KEYS,
    SOUND_KEYS,
    SOUND_PRESETS,
    Augment,
    changes_examples,
    mixes_examples,
)
from kerastune_ft.config.options.task_facts import AUDIO


@pytest.mark.parametrize("preset", AUGMENT_PRESETS)
def test_augment_presets_resolve_to_every_operation(preset: str) -> None:
    assert Augment(preset=preset).resolve() == dict(AUGMENT_PRESETS[preset])
    resolved = Augment(preset=preset, flip="both", erase=0.5).resolve()
    assert resolved == {**AUGMENT_PRESETS[preset], "flip": "both", "erase": 0.5}


def test_light_augmentation_never_mirrors() -> None:
    assert AUGMENT_PRESETS["light"]["flip"] == "none"


@pytest.mark.parametrize("preset", SOUND_PRESETS)
def test_presets_of_sounds_resolve_to_every_operation(preset: str) -> None:
    assert Augment(preset=preset).resolve(AUDIO) == dict(SOUND_PRESETS[preset])
    resolved = Augment(preset=preset, gain=1.0, noise="here").resolve(AUDIO)
    assert {**resolved, "noise": None} == {**SOUND_PRESETS[preset], "gain": 1.0}
    assert resolved["noise"].endswith("here")


def test_every_operation_is_of_images_or_of_sounds() -> None:
    assert {*IMAGE_KEYS, *SOUND_KEYS, "preset", "views"} == set(Augment.model_fields)
    assert not set(IMAGE_KEYS) & set(SOUND_KEYS)
    assert set(SOUND_PRESETS) == set(AUGMENT_PRESETS)


@pytest.mark.parametrize(
    ("written", "does"),
    [
        ("none", False),
        ("light", True),
        ({"views": 3}, False),
        ({"gain": 3}, True),
        ({"noise": "street"}, True),
        ({"preset": "light", "gain": 0, "shift": 0}, False),
        ({"preset": "light", "gain": 0}, True),
        ({"flip": "both"}, True),
        (3, True),
        ({"preset": ["light"]}, True),
    ],
)
def test_what_is_written_tells_whether_examples_change(written: object, does: bool) -> None:
    assert changes_examples(written) is does


def test_mixing_is_told_by_either_way() -> None:
    assert [mixes_examples(phase) for phase in ({}, {"mixup": 0, "cutmix": None}, {"cutmix": 1})] == [
        False,
        False,
        True,
    ]
