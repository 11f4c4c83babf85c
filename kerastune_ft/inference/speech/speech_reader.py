"""Recordings to write down: read as in training, those that are too long in pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kerastune_ft.inference.decode_ahead import DecodedInput
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.inference.speech.pieces import divide
from kerastune_ft.input.sounds.resample import fit_samples


@dataclass(frozen=True)
class DecodedSpeech(DecodedInput):
    """A recording after reading; `values` are its pieces, float32 [pieces, samples]."""

    spans: tuple[tuple[float, float], ...] = ()
    """Where each piece begins and ends, in seconds."""

    @property
    def seconds(self) -> float:
        """Return the length of the recording."""
        return self.spans[-1][1]


class SpeechReader(SoundReader):
    """Reads recordings of any length."""

    def fit(self, name: str, samples: np.ndarray, rate: int) -> DecodedSpeech:
        """Return the pieces of a recording, each at the rate and length of the clip."""
        places = divide(samples, rate, self.clip)
        pieces = [fit_samples(samples[start:end], rate, self.clip) for start, end in places]
        said = f"are longer than {self.clip.seconds:.4g} s and written down in pieces, which end where it is quietest"
        return DecodedSpeech(
            name,
            tf.constant(np.stack(pieces)),
            remarks=(said,) if len(pieces) > 1 else (),
            spans=tuple((start / rate, end / rate) for start, end in places),
        )
