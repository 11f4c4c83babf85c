"""Options of augmentation, of images and of sounds, and the operations of each preset."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from kerastune_ft.config.options.base import Count, Options
from kerastune_ft.config.options.paths import InputPath
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, MASKED

Preset = Literal["none", "light", "medium", "strong"]
Strength = Annotated[float, Field(ge=0, le=1)]

# flip: directions; rotate: share of a full turn either way; zoom, brightness, contrast: largest relative change;
# erase: probability of erasing a rectangle.
AUGMENT_PRESETS = MappingProxyType(
    {
        "none": MappingProxyType(
            {"flip": "none", "rotate": 0.0, "zoom": 0.0, "brightness": 0.0, "contrast": 0.0, "erase": 0.0}
        ),
        "light": MappingProxyType(
            {"flip": "none", "rotate": 0.02, "zoom": 0.1, "brightness": 0.1, "contrast": 0.1, "erase": 0.0}
        ),
        "medium": MappingProxyType(
            {"flip": "horizontal", "rotate": 0.05, "zoom": 0.15, "brightness": 0.2, "contrast": 0.2, "erase": 0.0}
        ),
        "strong": MappingProxyType(
            {"flip": "horizontal", "rotate": 0.1, "zoom": 0.25, "brightness": 0.3, "contrast": 0.3, "erase": 0.25}
        ),
    }
)
# gain: decibels either way; shift: share of the clip's length either way; time_mask and frequency_mask: largest share
# of the length, and of the mel scale, that is silenced; noise: a folder, which no preset has.
SOUND_PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "none": MappingProxyType({"gain": 0.0, "shift": 0.0, "time_mask": 0.0, "frequency_mask": 0.0, "noise": None}),
        "light": MappingProxyType({"gain": 3.0, "shift": 0.05, "time_mask": 0.0, "frequency_mask": 0.0, "noise": None}),
        "medium": MappingProxyType({"gain": 6.0, "shift": 0.1, "time_mask": 0.1, "frequency_mask": 0.1, "noise": None}),
        "strong": MappingProxyType(
            {"gain": 10.0, "shift": 0.2, "time_mask": 0.2, "frequency_mask": 0.2, "noise": None}
        ),
    }
)
# Words are hidden whatever the preset is: it is how such a text is learnt.
_HIDING: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    dict.fromkeys(AUGMENT_PRESETS, MappingProxyType({"hides_words": True}))
)
_PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    IMAGE: AUGMENT_PRESETS,
    AUDIO: SOUND_PRESETS,
    MASKED: _HIDING,
}
IMAGE_KEYS, SOUND_KEYS = (tuple(presets["none"]) for presets in (AUGMENT_PRESETS, SOUND_PRESETS))


class Augment(Options):
    """Random augmentation of training images or sounds; an operation that is null is taken from the preset."""

    preset: Preset = Field("none", description="the operations to start from")
    flip: Literal["none", "horizontal", "both"] | None = Field(None, description="mirror at random")
    rotate: Annotated[float, Field(ge=0, le=0.5)] | None = Field(
        None, description="largest rotation either way, as a share of a full turn"
    )
    zoom: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="largest relative change of size: 0.1 shows things 0.9 to 1.1 times as large"
    )
    brightness: Strength | None = Field(None, description="largest shift of brightness, as a share of 255")
    contrast: Strength | None = Field(None, description="largest relative change of contrast")
    erase: Strength | None = Field(None, description="probability of erasing a rectangle")
    gain: Annotated[float, Field(ge=0, le=60)] | None = Field(
        None, description="of sounds: largest change of loudness either way, in decibels"
    )
    shift: Strength | None = Field(
        None, description="of sounds: largest shift in time either way, as a share of the sound's length"
    )
    time_mask: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="of sounds: largest span that is silenced, as a share of the sound's length"
    )
    frequency_mask: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="of sounds: largest band that is taken out, as a share of the mel scale"
    )
    noise: InputPath | None = Field(
        None, description="of sounds: a folder of sounds, one of which is mixed in 5 to 25 decibels more quietly"
    )
    views: Count | None = Field(
        None,
        description="number of fixed versions of each example, which can be stored; null means new ones in every epoch",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, value: Any) -> Any:
        return {"preset": value} if isinstance(value, str) else value

    def resolve(self, modality: str = IMAGE) -> dict[str, Any]:
        """Return the value of every operation on examples of a modality: the one given here, else the preset's."""
        preset = _PRESETS.get(modality, AUGMENT_PRESETS)[self.preset]
        given = {name: getattr(self, name, None) for name in preset}
        return {name: preset[name] if value is None else value for name, value in given.items()}


def mixes_examples(phase: Mapping[str, Any]) -> bool:
    """Return whether a phase, as written in a file, mixes examples with each other."""
    return any(phase.get(way) not in (None, 0) for way in ("mixup", "cutmix"))


def is_active(operations: Mapping[str, Any]) -> bool:
    """Return whether any of these operations does something."""
    return any(value not in (0, "none", None) for value in operations.values())


def changes_examples(written: Any) -> bool:
    """Return whether an augmentation, as written in a file, changes examples.

    Its keys tell whether it is one of images or of sounds; presets alone are both. Invalid values count as changes,
    because another check reports them.
    """
    options = {"preset": written} if isinstance(written, str) else written
    if not isinstance(options, Mapping):
        return True
    preset = options.get("preset", "none")
    if not isinstance(preset, str) or preset not in AUGMENT_PRESETS:
        return True
    is_of_sounds = any(options.get(key) is not None for key in SOUND_KEYS)
    operations = (SOUND_PRESETS if is_of_sounds else AUGMENT_PRESETS)[preset]
    return is_active({**operations, **{name: options[name] for name in operations if options.get(name) is not None}})
