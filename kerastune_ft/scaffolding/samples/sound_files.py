"""Sound files looked into: how long they are, how many samples a second they have, and which cannot be read."""

from __future__ import annotations

import stat

from kerastune_ft import storage
from kerastune_ft.data.sounds.wav import UnusableSoundError, WavFormat, wav_format
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.samples.text_statistics import sampled
from kerastune_ft.wording import counted

_OPENED = 64
_UNEVEN = 4


def note_sounds(sight: DataFindings) -> None:
    """Add to a sight of sound files their lengths and rates, and what is to be done about those that are damaged."""
    formats: list[WavFormat] = []
    damaged: list[str] = []
    for path in sampled(sight.files, _OPENED):
        try:
            formats.append(_format(path))
        except (OSError, UnusableSoundError):
            damaged.append(path)
    if formats:
        _note_lengths(sight, formats)
    if damaged:
        sight.asks.append(
            f"{counted(len(damaged), 'file')} of {len(formats) + len(damaged)} opened cannot be read, as {damaged[0]}; "
            'repair them, or write "on_bad_file": "skip" in data'
        )


def _format(path: str) -> WavFormat:
    if not stat.S_ISREG(storage.status(path).st_mode):
        # Opening a pipe would wait for a writer for ever.
        raise UnusableSoundError("is no file")
    return wav_format(storage.read(path))


def _note_lengths(sight: DataFindings, formats: list[WavFormat]) -> None:
    lengths = sorted(one.seconds for one in formats)
    rates = ", ".join(f"{rate:,}" for rate in sorted({one.rate for one in formats}))
    shortest, longest = lengths[0], lengths[-1]
    sight.seen.append(f"sounds: {shortest:.2f} to {longest:.2f} s, {rates} samples a second ({len(formats)} opened)")
    usual = lengths[int(0.95 * (len(lengths) - 1))]
    if longest > _UNEVEN * usual:
        sight.asks.append(
            f"is what matters in the first {usual:.1f} s? 95 % of the sounds are no longer; what lies behind is cut "
            'off, unless "seconds" in data says more'
        )
