"""WAV files as tests need them, written without the program."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

RATE = 8000


def wav(
    values: np.ndarray, rate: int = RATE, bits: int = 16, is_float: bool = False, extensible: bool = False
) -> bytes:
    """A WAV file of samples [frames] or [frames, channels] from -1 to 1."""
    columns = values[:, np.newaxis] if values.ndim == 1 else values
    channels, kind = columns.shape[1], 3 if is_float else 1
    about = struct.pack("<HHIIHH", 0xFFFE if extensible else kind, channels, rate, 0, channels * bits // 8, bits)
    if extensible:
        about += struct.pack("<HHI", 22, bits, 0) + struct.pack("<H", kind) + b"\0" * 14
    data = _data(columns, bits, is_float)
    odd = b"\0" * (len(data) % 2)
    chunks = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"fmt " + struct.pack("<I", len(about)) + about
    chunks += b"data" + struct.pack("<I", len(data)) + data + odd
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _data(columns: np.ndarray, bits: int, is_float: bool) -> bytes:
    if is_float:
        return columns.astype(f"<f{bits // 8}").tobytes()
    whole = np.round(columns * (2.0 ** (bits - 1) - 1)).astype(np.int64)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    if bits == 24:
        return np.ascontiguousarray(whole.astype("<i4")).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    return whole.astype(f"<i{bits // 8}").tobytes()


def tone(frequency: float, seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """A tone in a little noise."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).normal(0, 0.02, len(time))
    return np.clip(0.5 * np.sin(2 * np.pi * frequency * time) + noise, -1, 1)


def write_folder(root: Path, count: int = 12, rate: int = RATE) -> Path:
    """Two classes, low and high tones, of several lengths; each third file has another rate and two channels."""
    for name, frequency in (("high", 2000.0), ("low", 500.0)):
        (root / name).mkdir(parents=True)
        for number in range(count):
            own = 11025 if number % 3 == 2 else rate
            values = tone(frequency * (1 + number / 50), 0.15 + 0.01 * (number % 8), own, number)
            if number % 3 == 2:
                values = np.stack([values, 0.5 * values], axis=1)
            (root / name / f"{number:02d}.wav").write_bytes(wav(values, own))
    return root


def make_batch(samples: int = 1000) -> np.ndarray:
    """Three tones in a little noise, float32 [3, samples]."""
    random = np.random.default_rng(0)
    tones = np.sin(np.outer(random.uniform(0.05, 1.5, 3), np.arange(samples)))
    return (0.5 * tones + random.normal(0, 0.05, tones.shape)).astype(np.float32)
