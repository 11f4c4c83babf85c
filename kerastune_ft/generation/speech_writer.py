"""A writer of transcripts: the model of a session or of a run, with the tokens that it was trained with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.speech_decoding import SpeechDecoding
from kerastune_ft.generation.writer import Answer, Writer, find_key
from kerastune_ft.input.sounds.resample import fit_samples
from kerastune_ft.input.speech.transcripts import SpeechSettings


class SpeechWriter:
    """Writes down sounds."""

    def __init__(self, body: Any, settings: SpeechSettings) -> None:
        """`body` is keras-hub's backbone, whose variables may change between calls."""
        self.settings = settings
        self.writer = Writer(SpeechDecoding(body, settings), settings.given.tokenizer, (settings.tokens.end,))

    def fit(self, samples: np.ndarray, rate: int) -> np.ndarray:
        """Return a sound of one channel at the model's rate and of its length, float32 [samples]."""
        return fit_samples(samples, rate, self.settings.clip)

    def write(self, sounds: Sequence[np.ndarray], options: Generation, seed: int) -> list[Answer]:
        """Return the transcript of each sound, which `fit` returned; it does not depend on those beside it."""
        found = self.writer.generate(sounds, [find_key(sound) for sound in sounds], options, seed)
        # Words begin with the space before them, the first one too.
        return [replace(answer, text=answer.text.strip()) for answer in found]
