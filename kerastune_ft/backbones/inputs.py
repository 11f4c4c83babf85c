"""Descriptions of what a backbone takes: images of one size, sounds, or rows of tokens.

A backbone has one of them, `backbone.input`. Each answers what building a model asks (`BackboneInput`); code that must
do something else for each of them looks up `modality` in a table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import keras

from kerastune_ft.config.options.spectrograms import LogMel
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.units import Unit


class BackboneInput(Protocol):
    """What a backbone takes: `ImageInput`, `SoundInput` or `text_input.TextInput`."""

    @property
    def modality(self) -> str:
        """Return "image", "audio" or "text": the key of tables with one entry per modality."""

    @property
    def augmentation_modality(self) -> str:
        """Return the modality whose inputs an augmentation changes."""

    @property
    def image_size(self) -> tuple[int, int]:
        """Return height and width of images; (0, 0) for other inputs."""

    @property
    def values(self) -> int:
        """Return the pixels of an image or the samples of a sound; 0 where examples differ in length."""

    def choose_samples(self, usual: int) -> int:
        """Return the length of sounds in samples for a backbone with this input, where the user names none.

        `usual` is the length that suits the training examples.
        """

    def padding_mask(self, model: keras.Model) -> Any:
        """Return the symbolic tensor [batch, length] that is 1 for tokens and 0 for padding; None without padding.

        `model` is the backbone's model with this input.
        """

    def windows(self, model: keras.Model) -> Any:
        """Return the symbolic padding mask [batch, windows, length] of a model that reads windows; None for another."""

    def check_first_token(self, name: str, model: keras.Model, features: Any, class_tokens: int) -> None:
        """Raise ConfigError where the first vector of the features cannot stand for the whole example.

        `name` is the backbone's; `features` are the symbolic features of `model`, of which the first `class_tokens`
        belong to no place in the input.
        """


@dataclass(frozen=True)
class ImageInput:
    """RGB images of one size, float32 [batch, height, width, 3] of values 0 to 255."""

    size: tuple[int, int]
    """Height and width."""
    modality: ClassVar[str] = "image"
    augmentation_modality: ClassVar[str] = modality

    @property
    def image_size(self) -> tuple[int, int]:
        """Return height and width of the images."""
        return self.size

    @property
    def values(self) -> int:
        """Return the pixels of an image."""
        height, width = self.size
        return height * width

    def choose_samples(self, usual: int) -> int:
        """Return `usual`: the spectrogram of a sound of any length becomes an image of one size."""
        return usual

    def padding_mask(self, model: keras.Model) -> Any:
        """Return None: images are not padded."""
        return None

    def windows(self, model: keras.Model) -> Any:
        """Return None: images are read whole."""
        return None

    def check_first_token(self, name: str, model: keras.Model, features: Any, class_tokens: int) -> None:
        """Raise ConfigError where features are a sequence of places and none of them a class token."""
        if not class_tokens and len(features.shape) == 3:
            raise ConfigError(
                f'head.pooling: {name} has no class token, so "cls" would take a corner of the image; write "mean" or '
                '"max"'
            )


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
    augmentation_modality: ClassVar[str] = modality

    @property
    def image_size(self) -> tuple[int, int]:
        """Return (0, 0), which plans write for a backbone that takes no images."""
        return (0, 0)

    @property
    def values(self) -> int:
        """Return the samples of a sound; 0 while the length is open."""
        return self.samples or 0

    def choose_samples(self, usual: int) -> int:
        """Return the model's own length, or the length next to `usual` that it can be built for."""
        if self.samples is not None:
            return self.samples
        return usual if self.lengths is None else min(max(usual, self.lengths.fewest), self.lengths.most)

    def padding_mask(self, model: keras.Model) -> Any:
        """Return None: the silence after a short sound is part of the example."""
        return None

    def windows(self, model: keras.Model) -> Any:
        """Return None: sounds are read whole."""
        return None

    def check_first_token(self, name: str, model: keras.Model, features: Any, class_tokens: int) -> None:
        """Accept any backbone of sounds."""

    @property
    def rate_and_samples(self) -> tuple[int, int]:
        """Return samples a second and samples of a sound, once both are settled."""
        assert self.sample_rate is not None and self.samples is not None
        return self.sample_rate, self.samples
