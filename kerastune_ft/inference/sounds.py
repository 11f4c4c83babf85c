"""Sounds to predict on: listed from arrays, and read and brought to rate and length exactly as in training."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.spectrograms import MOST_CHANNELS
from kerastune_ft.data.files.check import read_content
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.sounds.channels import UnusableSoundError, check_level, mix
from kerastune_ft.data.sounds.decode import decode_sound
from kerastune_ft.data.sounds.sound_arrays import MODEL_RATE, rate_of
from kerastune_ft.errors import DataError
from kerastune_ft.inference.decode_ahead import DecodedInput
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.input.sounds.resample import Clip, fit_samples
from kerastune_ft.rules import NEWEST, Rules


class SoundReader:
    """Reads items that are sounds."""

    def __init__(self, clip: Clip, rules: Rules = NEWEST) -> None:
        """Read sounds by the rules of a run for a model that takes them at the rate and length of `clip`."""
        self.clip, self._rules = clip, rules

    def read(self, item: Item) -> DecodedInput:
        """Return the samples of an item, or the problem that prevents it; samples without a rate are at the clip's."""
        if item.problem is not None:
            return DecodedInput(item.name, None, item.problem)
        try:
            samples, rate = self._decode(item)
        except UnusableSoundError as problem:
            said = str(problem)
            if said == "is not there" and item.path and item.path != item.name:
                said += f" (looked for {item.path})"
            return DecodedInput(item.name, None, said)
        return self.fit(item.name, samples, rate)

    def fit(self, name: str, samples: np.ndarray, rate: int) -> DecodedInput:
        """Return what the model takes of a sound of one channel [frames]: the part that fits, or it and silence."""
        return DecodedInput(name, tf.constant(fit_samples(samples, rate, self.clip)))

    def _decode(self, item: Item) -> tuple[np.ndarray, int]:
        """Return the samples of an item as one channel, and their rate; raise UnusableSoundError."""
        if item.values is not None:
            check_level(item.values)
            return mix(item.values, self._rules).values, item.rate or self.clip.sample_rate
        given = read_content(item.path or "", UnusableSoundError) if item.content is None else item.content
        found = decode_sound(given, self._rules)
        return found.values, found.rate


def list_sounds(values: np.ndarray, name: str, options: ReadOptions, file: ArrayFile | None = None) -> Listing:
    """List the sounds of an array, named by their rows.

    One sound is [samples], several are [N, samples] or [N, samples, channels]. Their rate is that which `file` says;
    without a file it is the model's. Raises DataError for an array of any other shape or type.
    """
    has_too_many_channels = values.ndim == 3 and values.shape[-1] > MOST_CHANNELS
    if values.dtype.kind not in "uif" or values.ndim not in (1, 2, 3) or 0 in values.shape or has_too_many_channels:
        raise DataError(
            f"{name} has shape {list(values.shape)} and dtype {values.dtype}; sounds are numbers, [samples], "
            "[N, samples] or [N, samples, channels]"
        )
    rate, notes = (None, ()) if file is None else rate_of(file, options.sample_rate, MODEL_RATE)
    if values.ndim == 1:
        return Listing([Item(name, values=values, rate=rate)], 1, notes)
    items = (Item(f"{name}[{row}]", values=sound, rate=rate) for row, sound in enumerate(values))
    return Listing(items, len(values), notes)
