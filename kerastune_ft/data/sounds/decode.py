"""Sound files of any form that is read: their length, and their samples as one channel."""

from __future__ import annotations

from dataclasses import dataclass

from kerastune_ft.data.sounds.channels import Mixed, check_level, mix
from kerastune_ft.data.sounds.packed import PackedFormat, packed_format, packed_kind, read_packed
from kerastune_ft.data.sounds.wav import WavFormat, read_wav, wav_format
from kerastune_ft.rules import NEWEST, Rules


@dataclass(frozen=True)
class DecodedSound(Mixed):
    """The samples of a sound file as one channel, and how many make a second."""

    rate: int = 0


def sound_format(content: bytes) -> WavFormat | PackedFormat:
    """Return what a sound file says of itself; raise UnusableSoundError where it is none, or is damaged."""
    return packed_format(content) if packed_kind(content) else wav_format(content)


def decode_sound(content: bytes, rules: Rules = NEWEST) -> DecodedSound:
    """Return the samples of a sound file; raise UnusableSoundError where it cannot be read."""
    values, rate = read_packed(content) if packed_kind(content) else read_wav(content)
    check_level(values)
    mixed = mix(values, rules)
    return DecodedSound(mixed.values, mixed.is_silent, mixed.cancels, rate)
