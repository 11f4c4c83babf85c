"""Sounds to predict on: read and brought to rate and length exactly as training does it, or given in arrays."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.spectrograms import MOST_CHANNELS
from kerastune_ft.data.sounds.check import read_once
from kerastune_ft.data.sounds.wav import UnusableSoundError, check_level, mono
from kerastune_ft.errors import DataError
from kerastune_ft.inference.decode_ahead import DecodedInput
from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.input.sounds import Clip, fit_samples


class SoundReader:
    """Reads items that are sounds."""

    def __init__(self, clip: Clip) -> None:
        """`clip` is that of the run."""
        self._clip = clip

    def read(self, item: Item) -> DecodedInput:
        """Return what becomes of an item; samples of which nothing says their rate are at the clip's."""
        if item.problem is not None:
            return DecodedInput(item.name, None, item.problem)
        try:
            if item.values is not None:
                check_level(item.values)
                samples, rate = mono(item.values), item.rate or self._clip.sample_rate
            else:
                samples, rate = read_once(item.path or "")
        except UnusableSoundError as problem:
            said = str(problem)
            if said == "is not there" and item.path and item.path != item.name:
                said += f" (looked for {item.path})"
            return DecodedInput(item.name, None, said)
        return DecodedInput(item.name, tf.constant(fit_samples(samples, rate, self._clip)))


def list_sounds(sounds: np.ndarray, name: str, rate: int | None = None) -> Listing:
    """Return the sounds of an array, named by its rows; raise DataError where it cannot be sounds.

    One sound is [samples], several are [N, samples] or [N, samples, channels]; `rate` is their samples a second.
    """
    several_channels = sounds.ndim == 3 and sounds.shape[-1] > MOST_CHANNELS
    if sounds.dtype.kind not in "uif" or sounds.ndim not in (1, 2, 3) or 0 in sounds.shape or several_channels:
        raise DataError(
            f"{name} has shape {list(sounds.shape)} and dtype {sounds.dtype}; sounds are numbers, [samples], "
            "[N, samples] or [N, samples, channels]"
        )
    if sounds.ndim == 1:
        return Listing([Item(name, values=sounds, rate=rate)], 1)
    return Listing((Item(f"{name}[{row}]", values=sound, rate=rate) for row, sound in enumerate(sounds)), len(sounds))
