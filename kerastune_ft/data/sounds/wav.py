"""WAV files: what they hold, and their samples as float32."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from kerastune_ft.data.sounds.channels import MOST_CHANNELS, RATES, UnusableSoundError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_CODECS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "IMA ADPCM", 49: "GSM", 85: "MP3"}
_HEAD, _CHUNK = 12, 8
# Of a file written to a pipe, whose lengths its writer did not know.
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000)


@dataclass(frozen=True)
class WavFormat:
    """The format of the samples of a WAV file, and where they lie in it."""

    is_float: bool
    bits: int
    channels: int
    rate: int
    start: int
    frames: int

    @property
    def seconds(self) -> float:
        """Return the length of the sound."""
        return self.frames / self.rate


def wav_format(content: bytes) -> WavFormat:
    """Return what a WAV file says of itself; raise UnusableSoundError where it is none, or is damaged."""
    if content[:4] not in (b"RIFF", b"RIFX") or content[8:12] != b"WAVE":
        raise UnusableSoundError(_no_wav(content))
    if content[:4] == b"RIFX":
        raise UnusableSoundError("is a WAV file of another byte order (RIFX); convert it to an ordinary one")
    about: tuple[int, int, int, int] | None = None
    at = _HEAD
    while at + _CHUNK <= len(content):
        name, size = content[at : at + 4], struct.unpack_from("<I", content, at + 4)[0]
        at += _CHUNK
        if name == b"fmt ":
            about = _read_format(content[at : at + size])
        elif name == b"data":
            if about is None:
                raise UnusableSoundError("is damaged: its samples come before what describes them")
            return _locate_samples(about, at, size, len(content))
        at += size + size % 2
    raise UnusableSoundError("is damaged: it has no samples" if about else "is damaged: nothing describes its samples")


def read_wav(content: bytes) -> tuple[np.ndarray, int]:
    """Return the samples of a WAV file, float32 [frames, channels] from -1 to 1, and their rate.

    Raise UnusableSoundError where it cannot be read.
    """
    found = wav_format(content)
    width = found.bits // 8
    raw = np.frombuffer(content, np.uint8, found.frames * found.channels * width, found.start)
    return _values(raw, found).reshape(found.frames, found.channels), found.rate


def _read_format(chunk: bytes) -> tuple[int, int, int, int]:
    """Return kind, channels, rate and bits from a chunk of a format."""
    if len(chunk) < 16:
        raise UnusableSoundError("is damaged: what describes its samples is cut short")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if kind == _EXTENSIBLE and len(chunk) >= 26:
        kind = struct.unpack_from("<H", chunk, 24)[0]
    if kind not in (_PCM, _FLOAT):
        codec = _CODECS.get(kind, f"codec {kind}")
        raise UnusableSoundError(f"is compressed ({codec}); convert it to PCM of 16 bits")
    if bits not in ((8, 16, 24, 32) if kind == _PCM else (32, 64)):
        raise UnusableSoundError(f"has samples of {bits} bits; convert it to PCM of 16 bits")
    if not 1 <= channels <= MOST_CHANNELS:
        raise UnusableSoundError(f"is damaged: it says that it has {channels} channels")
    if rate not in RATES:
        raise UnusableSoundError(f"is damaged: it says that it has {rate} samples a second")
    return kind, channels, rate, bits


def _locate_samples(about: tuple[int, int, int, int], start: int, size: int, length: int) -> WavFormat:
    kind, channels, rate, bits = about
    there = length - start
    if size in _UNKNOWN_LENGTHS:
        size = there
    frame = channels * bits // 8
    if size > there:
        raise UnusableSoundError(f"is cut short: {there} of {size} bytes of its samples are there")
    if size < frame:
        raise UnusableSoundError("has no samples")
    return WavFormat(kind == _FLOAT, bits, channels, rate, start, size // frame)


def _values(raw: np.ndarray, found: WavFormat) -> np.ndarray:
    """Return samples as float32 from -1 to 1; of 32 bits and more the digits that float32 has."""
    if found.is_float:
        return raw.view(f"<f{found.bits // 8}").astype(np.float32)
    if found.bits == 8:
        return (raw.astype(np.float32) - 128.0) / 128.0
    if found.bits == 24:
        widened = np.zeros((len(raw) // 3, 4), np.uint8)
        widened[:, 1:] = raw.reshape(-1, 3)
        return (widened.reshape(-1).view("<i4").astype(np.float64) / 2.0**31).astype(np.float32)
    return (raw.view(f"<i{found.bits // 8}").astype(np.float64) / 2.0 ** (found.bits - 1)).astype(np.float32)


def _no_wav(content: bytes) -> str:
    if not content:
        return "is empty"
    if content[:4] in (b"RF64", b"BW64"):
        return "is a WAV file for more than 4 GB (RF64); cut it into clips"
    if content[4:8] == b"ftyp":
        return "is an M4A or MP4 file, which is not read; convert it to WAV or FLAC"
    return "is no sound that can be read"
