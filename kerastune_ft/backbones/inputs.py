"""Descriptions of what a backbone takes: images of one size, sounds, or rows of tokens.

A backbone has one of them, `backbone.input`. Code that must do different things for them looks up
`modality` in a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import keras

from kerastune_ft.backbones.text_input import TextInput
from kerastune_ft.config.options.spectrograms import LogMel
from kerastune_ft.graph.units import Unit


@dataclass(frozen=True)
class ImageInput:
    """RGB images of one size, float32 [batch, height, width, 3] of values 0 to 255."""

    size: tuple[int, int]
    """Height and width."""
    modality: ClassVar[str] = "image"

    @property
    def image_size(self) -> tuple[int, int]:
        """Return height and width of the images."""
        return self.size

    @property
    def values(self) -> int:
        """Return the pixels of an image."""
        height, width = self.size
        return height * width


@dataclass(frozen=True)
class SoundLengths:
    """The lengths of sounds that a model can be built for, and how: out of the same layers for each length."""

    fewest: int
    """Samples of the shortest sound."""
    most: int
    """Samples of the longest sound."""
    build: Callable[[int], tuple[keras.Model, tuple[Unit, ...]]]
    """Builds model and units for sounds of that many samples."""


@dataclass(frozen=True)
class SoundInput:
    """Samples of sounds of one channel, float32 [batch, samples] of values -1 to 1.

    `audio_front_end.with_audio_front_end` settles the length: before it was called, `samples` may be None, and the
    model takes a spectrogram (`log_mel`) or can be built for other lengths (`lengths`).
    """

    sample_rate: int | None = None
    """Samples a second; None while the spectrogram alone is known."""
    samples: int | None = None
    """Samples of a sound; None while the length is open."""
    lengths: SoundLengths | None = None
    """The lengths the model can be built for; None where its length is settled or it takes a spectrogram."""
    log_mel: LogMel | None = None
    """The spectrogram the model takes; None where it takes samples."""
    modality: ClassVar[str] = "audio"

    @property
    def image_size(self) -> tuple[int, int]:
        """Return (0, 0), which plans write for a backbone that takes no images."""
        return (0, 0)

    @property
    def values(self) -> int:
        """Return the samples of a sound; 0 while the length is open."""
        return self.samples or 0

    @property
    def rate_and_samples(self) -> tuple[int, int]:
        """Return samples a second and samples of a sound, once both are settled."""
        assert self.sample_rate is not None and self.samples is not None
        return self.sample_rate, self.samples


BackboneInput = ImageInput | SoundInput | TextInput
"""Any description of an input; all have `modality`, `image_size`, and the number of `values` of an example."""
