"""Shows sounds as the model heard them: a log-mel picture and, of short ones, the sound itself."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastune_ft.input.loader import Loader
from kerastune_ft.training.evaluation.pictures import MediaFile, Shown
from kerastune_ft.training.session.session import Session

_BINS = 64
# Seconds of a window and between two windows; the decibels that the colours reach down to.
_WINDOW, _HOP, _DEPTH = 0.025, 0.01, 80.0
_FLOOR = 1e-6
_FLOOR_DECIBELS = -120.0
_MOST_COLUMNS = 400
_MOST_BYTES = 64_000
"""The size of a sound beyond which it is shown as a picture alone: two dozen of them stay below 2 MB in a page."""


def show_sounds(session: Session, indices: Sequence[int]) -> list[Shown]:
    """Return for each example the picture of what entered the model, and the sound as a WAV file where it is short."""
    return _show(session.loader, indices)


def show_speech(session: Session, indices: Sequence[int]) -> list[Shown]:
    """Return for each example what `show_sounds` does, and its transcript."""
    loader: Any = session.loader
    texts = [{"texts": [session.source.label_texts[index]]} for index in indices]
    shown = _show(loader.sounds, indices)
    return [({**about, **text}, files) for (about, files), text in zip(shown, texts, strict=True)]


def _show(loader: Loader, indices: Sequence[int]) -> list[Shown]:
    rate = loader.describe_inputs(indices[:1])[0]["sample_rate"]
    found: list[Shown] = []
    for batch in loader.inputs(np.asarray(indices, np.int64), 1):
        samples = np.asarray(batch)[0]
        files = [MediaFile("png", draw_log_mel(samples, rate))]
        if 2 * len(samples) <= _MOST_BYTES:
            files.append(MediaFile("wav", encode_wav(samples, rate)))
        found.append(({}, files))
    return found


def draw_log_mel(samples: np.ndarray, rate: int) -> bytes:
    """Return a PNG of the log-mel spectrogram of a sound, float [samples]: time to the right, low tones at the bottom.

    Colours go from the loudest value to 80 dB below it.
    """
    from PIL import Image

    image = Image.fromarray(_shade(samples, rate, find_loudest(samples, rate)))
    if image.width > _MOST_COLUMNS:
        image = image.resize((_MOST_COLUMNS, _BINS), Image.Resampling.BOX)
    image.putpalette(_palette().tobytes())
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def paint_log_mel(samples: np.ndarray, rate: int, loudest: float) -> np.ndarray:
    """Return the picture of `draw_log_mel` as uint8 [bins, frames, 3], its colours from `loudest` decibels down."""
    painted: np.ndarray = _palette()[_shade(samples, rate, loudest)]
    return painted


def find_loudest(samples: np.ndarray, rate: int) -> float:
    """Return the largest value of the log-mel spectrogram of a sound, in decibels."""
    return float(_compute_decibels(samples, rate).max())


def _shade(samples: np.ndarray, rate: int, loudest: float) -> np.ndarray:
    """Return the spectrogram as numbers of colours, uint8 [bins, frames]; silence has the first one."""
    decibels = _compute_decibels(samples, rate)
    is_silent = decibels.max() <= _FLOOR_DECIBELS
    shades = np.zeros_like(decibels) if is_silent else np.clip(1 + (decibels - loudest) / _DEPTH, 0, 1)
    levels: np.ndarray = np.round(shades * 255).astype(np.uint8)[::-1]
    return levels


def _palette() -> np.ndarray:
    """Return the colours, uint8 [256, 3]."""
    from matplotlib import colormaps

    colours: np.ndarray = (colormaps["magma"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)
    return colours


def _compute_decibels(samples: np.ndarray, rate: int) -> np.ndarray:
    """Return the log-mel spectrogram [bins, frames] in decibels."""
    window = max(2, round(_WINDOW * rate))
    fft = 1 << (window - 1).bit_length()
    padded = np.pad(samples, (0, max(0, fft + 1 - len(samples))))
    layer = keras.layers.MelSpectrogram(
        fft_length=fft,
        sequence_length=window,
        sequence_stride=max(1, round(_HOP * rate)),
        sampling_rate=rate,
        num_mel_bins=_BINS,
        power_to_db=False,
        dtype="float32",
    )
    mel = keras.ops.convert_to_numpy(layer(padded[np.newaxis].astype(np.float32)))[0]
    return np.asarray(20 * np.log10(np.maximum(mel, _FLOOR)))


def encode_wav(samples: np.ndarray, rate: int) -> bytes:
    """Return a WAV file of a sound, float [samples] from -1 to 1, in 16 bits."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())
    return written.getvalue()
