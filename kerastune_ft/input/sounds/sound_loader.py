"""The data loader of sounds: resampling to one rate, fitting to one length, and augmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.fixed_shape_loader import FixedShapeLoader
from kerastune_ft.input.loader import TargetTask
from kerastune_ft.input.mixing import Mix, Mixing, mix_values
from kerastune_ft.input.sounds import sound_augmentation
from kerastune_ft.input.sounds.resample import Clip, describe_fitting, fit_sound
from kerastune_ft.input.sounds.sound_augmentation import SoundChanges


class SoundLoader(FixedShapeLoader):
    """Loads the sounds of one source for one task and clip."""

    geometry: Clip

    def __init__(self, source: DataSource, task: TargetTask, geometry: Clip, reason: str = "") -> None:
        """Load sounds fitted to the clip `geometry`; `reason` says what decided its length, for the plan."""
        super().__init__(source, task, geometry)
        self._reason = reason

    def input(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Return the sound at the clip's rate and of its length, float32 [samples]."""
        return fit_sound(fields["samples"], fields["rate"], self.geometry)

    def draw(self, keys: tf.Tensor, operations: Mapping[str, Any]) -> SoundChanges:
        """Draw the changes for a batch of sounds with these keys."""
        return sound_augmentation.draw(keys, operations)

    def change(self, inputs: tf.Tensor, changes: SoundChanges) -> tf.Tensor:
        """Return the augmented sounds, float32."""
        return sound_augmentation.on_sounds(inputs, changes, self.geometry.sample_rate)

    def draw_mix(self, keys: tf.Tensor, mixing: Mixing) -> Mix:
        """Draw how a batch of sounds with these keys is mixed with others."""
        return mixing.draw(keys, None)

    def mix(self, inputs: tf.Tensor, others: tf.Tensor, mix: Mix) -> tf.Tensor:
        """Return sounds mixed with others, sample by sample."""
        return mix_values(inputs, others, mix.share)

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its sound depends on."""
        return self._key_parts(sample_rate=self.geometry.sample_rate, samples=self.geometry.samples)

    def plan_entry(self) -> dict[str, Any]:
        """Return the entry `sound` of plan.json: rate and length."""
        return {"text": None, "sound": self.geometry.to_json()}

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each sound its length and rate in the model, and its own length in seconds."""
        own = self.source.sound_seconds
        clip = self.geometry
        return [
            {
                "seconds": clip.seconds,
                "of": None if own is None else float(own[index]),
                "sample_rate": clip.sample_rate,
            }
            for index in indices
        ]

    def notes(self, show_names: bool) -> list[str]:
        """Return sentences on the length of sounds, and on how many are cut or followed by silence."""
        lengths = self.source.sound_seconds
        return [] if lengths is None else describe_fitting(lengths, self.geometry, self._reason)
