"""FLAC, OGG and MP3 files, read by soundfile: what they hold, and their samples as float32.

soundfile reads what is left of a damaged file where it can; here every file is whole or refused.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.data.sounds.channels import MOST_CHANNELS, RATES, UnusableSoundError

INSTALL = 'python -m pip install "soundfile>=0.12"'
"""The command that installs what reads these files; the extra `audio` has it too."""

_FLAC, _OGG = b"fLaC", b"OggS"
_BLOCK, _AT_ONCE = 1 << 20, 1 << 28
# A third of a day at 48,000 a second; a damaged header promises more, and memory would be asked for.
_MOST_FRAMES = 1 << 31
_PAGE_HEAD, _CRC = 27, slice(22, 26)
_LAST_PAGE = 4
_BITS_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class MissingReaderError(UnusableSoundError):
    """The package that reads a file is not installed."""


@dataclass(frozen=True)
class PackedFormat:
    """The length of a packed sound."""

    frames: int
    rate: int
    channels: int = 1

    @property
    def seconds(self) -> float:
        """Return the length of the sound."""
        return self.frames / self.rate


def packed_kind(content: bytes) -> str | None:
    """Return what a file is by its first bytes, as `FLAC`; None where it is none of these forms."""
    if content[:4] == _FLAC:
        return "FLAC"
    if content[:4] == _OGG:
        return "OGG"
    # Eleven bits of one begin a frame of MPEG audio; layer 0 is no layer, and AAC has it.
    is_frame = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0 and content[1] & 0x06 != 0
    return "MP3" if content[:3] == b"ID3" or is_frame else None


def packed_format(content: bytes) -> PackedFormat:
    """Return what a file says of itself; raise UnusableSoundError where it is none, or is damaged."""
    with _open(content) as file:
        return _check_header(file)


def read_packed(content: bytes) -> tuple[np.ndarray, int]:
    """Return the samples of a file as soundfile has them, float32 [frames, channels], and their rate.

    Raise UnusableSoundError where it cannot be read whole, and MissingReaderError without soundfile.
    """
    if content[:4] == _OGG:
        _check_pages(content)
    with _open(content) as file:
        said = _check_header(file)
        # At once, because decoders of MP3 round otherwise in pieces; a damaged header may promise too much for that.
        size = said.frames if said.frames * file.channels <= _AT_ONCE else _BLOCK
        blocks = []
        try:
            # As soundfile.read does, after which a decoder of MP3 rounds in another way.
            file.seek(0)
            while len(block := file.read(size, dtype="float32", always_2d=True)):
                blocks.append(block)
        except RuntimeError as problem:
            raise UnusableSoundError(f"is damaged: {_reason(problem)}") from problem
    found = sum(map(len, blocks))
    if not found:
        raise UnusableSoundError("has no samples")
    if found < said.frames:
        raise UnusableSoundError(f"is cut short or damaged: {found} of {said.frames} of its samples are there")
    return np.concatenate(blocks), said.rate


class _Content(io.BytesIO):
    """Bytes in which looking before the beginning, as libraries do in a damaged file, is not an error."""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move, but not before the beginning, and return the place."""
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def _open(content: bytes) -> Any:
    """Return the open file; raise UnusableSoundError where it is none."""
    kind = packed_kind(content)
    try:
        import soundfile
    except (ImportError, OSError) as problem:  # OSError where its C library is not there.
        raise MissingReaderError(f"is a file of {kind}, which soundfile reads: {INSTALL}") from problem
    try:
        return soundfile.SoundFile(_Content(content))
    except (RuntimeError, TypeError, ValueError) as problem:
        raise UnusableSoundError(f"is damaged, or no {kind} file: {_reason(problem)}") from problem


def _check_header(file: Any) -> PackedFormat:
    if not 1 <= file.channels <= MOST_CHANNELS:
        raise UnusableSoundError(f"is damaged: it says that it has {file.channels} channels")
    if file.samplerate not in RATES:
        raise UnusableSoundError(f"is damaged: it says that it has {file.samplerate} samples a second")
    if file.frames > _MOST_FRAMES:
        raise UnusableSoundError(f"is damaged, or too long to be an example: it says that it has {file.frames} samples")
    if file.frames < 1:
        raise UnusableSoundError("has no samples")
    return PackedFormat(int(file.frames), int(file.samplerate), int(file.channels))


def _check_pages(content: bytes) -> None:
    """Raise UnusableSoundError unless an Ogg file is pages without a gap, each whole, the last marked as such."""
    at, flags = 0, 0
    while at < len(content):
        head = content[at : at + _PAGE_HEAD]
        size = _PAGE_HEAD + (head[26] if len(head) == _PAGE_HEAD else 0)
        size += sum(content[at + _PAGE_HEAD : at + size])
        if head[:4] != _OGG or len(head) < _PAGE_HEAD or at + size > len(content):
            raise UnusableSoundError(f"is cut short or damaged: at byte {at} of {len(content)} no whole page begins")
        page = bytearray(content[at : at + size])
        page[_CRC] = bytes(4)
        if _checksum(bytes(page)) != int.from_bytes(head[_CRC], "little"):
            raise UnusableSoundError(f"is damaged: the page at byte {at} has another checksum than it says")
        flags = head[5]
        at += size
    if not flags & _LAST_PAGE:
        raise UnusableSoundError("is cut short: its last page is not marked as the last")


def _checksum(page: bytes) -> int:
    """Return the CRC of a page; that of zlib has every byte, and the result, turned round."""
    turned = zlib.crc32(page.translate(_BITS_TURNED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(turned.to_bytes(4, "little").translate(_BITS_TURNED), "big")


def _reason(problem: Exception) -> str:
    """Return what soundfile says, without the object it read from."""
    text = " ".join(str(problem).split())
    return text.rpartition(">: ")[2].removeprefix("Error : ").rstrip(".").lower() or type(problem).__name__
