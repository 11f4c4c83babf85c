"""Whether one sound is a copy of another: louder, shifted, cut, with noise or encoded anew.

Spectrograms, which are small, say which sounds may be copies. Whether they are is decided by their waves: two
recordings of one word by one voice have spectrograms that are nearly the same, and waves that are not.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage, signal

BANDS = 40
"""Bands of a spectrogram, evenly spaced on the mel scale."""
WAVE_RATE = 4000
"""Samples a second of the waves that are compared."""
MOST_FRAMES = 256
"""Frames of the longest sound; more are averaged."""
_WINDOW_SECONDS = 0.025
_DEPTH = 60.0
_SLOW = (6.0, 12.0)
_LEAST_OVERLAP = 0.6
# Frames that are transformed at a time, so that a long sound takes little more memory than its samples.
_AT_ONCE = 2048


def draw_spectrogram(samples: np.ndarray, rate: int, hop_seconds: float) -> np.ndarray:
    """Return the details of the log-mel spectrogram of a sound, float32 [bands, frames]; nothing of a silent one.

    Values are decibels down to 60 below the loudest, less their slow changes over time and bands, which voices have in
    common.
    """
    window = max(16, round(_WINDOW_SECONDS * rate))
    hop = max(1, round(hop_seconds * rate))
    padded = np.pad(samples.astype(np.float32), (0, max(0, window - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: max(1, min(hop, window // 2))]
    shape, filters = np.hanning(window).astype(np.float32), _make_filters(window, rate)
    parts = (frames[at : at + _AT_ONCE] for at in range(0, len(frames), _AT_ONCE))
    mel = np.concatenate([np.abs(np.fft.rfft(part * shape, axis=1)) ** 2 @ filters for part in parts])
    # Of a hop longer than half a window the frames between are averaged, so that nothing is missed.
    mel = _average(mel, max(1, round(hop / max(1, min(hop, window // 2)))))
    decibels = 10 * np.log10(np.maximum(mel, 1e-12))
    decibels = np.maximum(decibels - decibels.max(), -_DEPTH).T
    if not np.isfinite(mel).all() or mel.max() <= 1e-12:
        return np.zeros((BANDS, len(mel)), np.float32)
    return (decibels - ndimage.gaussian_filter(decibels, _SLOW)).astype(np.float32)


def _average(rows: np.ndarray, count: int) -> np.ndarray:
    whole = len(rows) // count * count
    if count == 1 or not whole:
        return rows
    means: np.ndarray = rows[:whole].reshape(-1, count, rows.shape[1]).mean(axis=1)
    return means


def _make_filters(window: int, rate: int) -> np.ndarray:
    """Return triangles on the mel scale, float32 [frequencies, bands]."""
    frequencies = np.fft.rfftfreq(window, 1 / rate)
    mels = 2595 * np.log10(1 + frequencies / 700)
    edges = np.linspace(2595 * np.log10(1 + 60 / 700), mels[-1], BANDS + 2)
    rising = (mels[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - mels[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def make_wave(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return a sound at 4,000 samples a second, where the waves of voices and most other sounds have their power."""
    common = math.gcd(rate, WAVE_RATE)
    resampled: np.ndarray = signal.resample_poly(samples.astype(np.float64), WAVE_RATE // common, rate // common)
    return resampled - resampled.mean()


def correlate_waves(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of two waves at the shift where it is largest, of either sign: up to 1.

    Both are differentiated, and the size of each frequency is replaced by its root: else the pitch of a voice, which
    its other recordings have too, would decide.
    """
    size = 1 << (len(first) + len(second) - 2).bit_length()
    one, other = (_whiten(np.fft.rfft(np.diff(each), size)) for each in (first, second))
    # At shifts of a quarter of a sample: copies are shifted by no whole number of these.
    sums = 4 * np.fft.irfft(np.conj(one) * other, 4 * size)
    powers = [float(np.fft.irfft(np.abs(each) ** 2, size)[0]) for each in (one, other)]
    return min(1.0, float(np.abs(sums).max() / math.sqrt(powers[0] * powers[1]))) if min(powers) > 1e-12 else 0.0


def _whiten(spectrum: np.ndarray) -> np.ndarray:
    sizes = np.abs(spectrum)
    whitened: np.ndarray = spectrum / np.sqrt(np.maximum(sizes, max(1e-3 * float(sizes.max()), 1e-12)))
    return whitened


def correlate(first: np.ndarray, second: np.ndarray) -> float:
    """Return the correlation of two spectrograms [bands, frames] at the shift where it is largest: up to 1."""
    frames = first.shape[1] + second.shape[1] - 1
    size = 1 << (frames - 1).bit_length()
    product = np.conj(np.fft.rfft(first, size)) * np.fft.rfft(second, size)
    sums = np.fft.irfft(product.sum(axis=0), size)
    shifts = np.arange(-(first.shape[1] - 1), second.shape[1])
    own, other = (np.concatenate([[0.0], np.cumsum((each * each).sum(axis=0))]) for each in (first, second))
    # At a shift the frame t of the first lies over the frame t + shift of the second.
    begin, end = np.maximum(0, -shifts), np.minimum(first.shape[1], second.shape[1] - shifts)
    energies = (own[end] - own[begin]) * (other[end + shifts] - other[begin + shifts])
    wide = end - begin >= _LEAST_OVERLAP * min(first.shape[1], second.shape[1])
    correlations = np.where(wide & (energies > 1e-6), sums[shifts] / np.sqrt(np.maximum(energies, 1e-6)), 0.0)
    return float(correlations.max())
