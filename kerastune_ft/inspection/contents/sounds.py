"""Sounds: hashes of their samples, copies by their spectrograms and waves, and silence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from kerastune_ft.inspection.contents import spectrograms
from kerastune_ft.inspection.contents.base import (
    CONSTANT,
    SMALL,
    Contents,
    Copies,
    Fault,
    Progress,
    Span,
    choose_candidates,
    choose_thresholds,
    keep_copies,
)
from kerastune_ft.inspection.neighbours import Neighbours
from kerastune_ft.training.session.session import Session

_BY_FEATURES = 5
_SPAN, _CONTROLS = Span(0.66, 0.85), 100
# A correlation of spectrograms below it is that of no copy.
_LEAST = 0.6
_SHORTEST_HOP = 0.01
_SHORT = 0.1


class Sounds(Contents):
    """Sounds, of each of which a spectrogram is kept."""

    measure = "correlation of waves at the best shift"
    seconds_to_read, seconds_to_compare = 0.005, 0.004
    bytes_kept = 2 * spectrograms.BANDS * spectrograms.MOST_FRAMES

    def __init__(
        self,
        hashes: list[str],
        drawn: list[np.ndarray],
        loudest: list[float],
        seconds: list[float],
        read_wave: Callable[[int], np.ndarray],
    ) -> None:
        """`drawn` are the spectrograms, `loudest` the largest samples; `read_wave` reads one again, by position."""
        self.hashes, self._drawn, self._read_wave = hashes, drawn, read_wave
        self._is_silent = np.array(loudest) <= 0
        usual = float(np.median(seconds))
        silent = [
            Fault(position, CONSTANT, "silent: every sample is 0")
            for position in np.flatnonzero(self._is_silent).tolist()
        ]
        short = [
            Fault(position, SMALL, f"{own:.3g} s, where most have {usual:.3g} s or so")
            for position, own in enumerate(seconds)
            if own < _SHORT * usual
        ]
        self.faults = [*silent, *short]

    @classmethod
    def read(cls, session: Session, indices: np.ndarray, progress: Progress) -> Sounds:
        """Return the sounds of a session, see `Contents`."""
        source = session.source
        lengths = source.sound_seconds
        assert lengths is not None
        hop = max(_SHORTEST_HOP, float(np.quantile(lengths[indices], 0.95)) / spectrograms.MOST_FRAMES)
        hashes, drawn, loudest, seconds = [], [], [], []

        def read(position: int) -> tuple[np.ndarray, int]:
            fields = source.read_input(tf.constant(indices[position], tf.int64))
            return np.asarray(fields["samples"]), int(fields["rate"])

        for done in range(1, len(indices) + 1):
            samples, rate = read(done - 1)
            hashes.append(hashlib.sha256(f"{rate} ".encode() + samples.tobytes()).hexdigest())
            picture = spectrograms.draw_spectrogram(samples, rate, hop)
            drawn.append(picture[:, : spectrograms.MOST_FRAMES].astype(np.float16))
            loudest.append(float(np.abs(samples).max(initial=0.0)))
            seconds.append(len(samples) / rate)
            progress(done, len(indices))
        return cls(hashes, drawn, loudest, seconds, lambda position: spectrograms.make_wave(*read(position)))

    def find_copies(self, neighbours: Neighbours | None, strata: np.ndarray, progress: Progress) -> Copies:
        """Return the near copies: candidates by features and spectrograms, decided by waves."""
        if neighbours is None:
            return Copies((), _SPAN.lowest, 0)
        candidates = choose_candidates(neighbours, strata, _BY_FEATURES)
        ordered = sorted(pair for pair in candidates if not self._is_silent[list(pair)].any())
        likeness = []
        for done, pair in enumerate(ordered, start=1):
            likeness.append(self._compare(pair))
            progress(done, len(ordered))
        return keep_copies(ordered, likeness, choose_thresholds(neighbours, strata, self._compare, _CONTROLS, _SPAN))

    def _compare(self, pair: tuple[int, int]) -> float:
        first, second = (self._drawn[position].astype(np.float32) for position in pair)
        if spectrograms.correlate(first, second) < _LEAST:
            return 0.0
        return spectrograms.correlate_waves(*(self._read_wave(position) for position in pair))
