"""Statistics of a sample of sound files: lengths, sample rates, unreadable files."""

from __future__ import annotations

import stat

from kerastune_ft import storage
from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.decode import sound_format
from kerastune_ft.data.sounds.packed import PackedFormat
from kerastune_ft.data.sounds.wav import WavFormat
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.samples.text_statistics import sample_evenly
from kerastune_ft.wording import counted

_OPENED = 64
_UNEVEN = 4


def note_sounds(findings: DataFindings) -> None:
    """Add notes about lengths and sample rates of sound files, and a question about unreadable ones."""
    formats: list[WavFormat | PackedFormat] = []
    damaged: list[str] = []
    for path in sample_evenly(findings.files, _OPENED):
        try:
            formats.append(_format(path))
        except (OSError, UnusableSoundError):
            damaged.append(path)
    if formats:
        _note_lengths(findings, formats)
    if damaged:
        findings.asks.append(
            f"{counted(len(damaged), 'file')} of {len(formats) + len(damaged)} opened cannot be read, such as "
            f'{damaged[0]}; repair them, or write "on_bad_file": "skip" in data'
        )


def _format(path: str) -> WavFormat | PackedFormat:
    if not stat.S_ISREG(storage.status(path).st_mode):
        # Opening a pipe would wait for a writer forever.
        raise UnusableSoundError("is not a file")
    return sound_format(storage.read(path))


def _note_lengths(findings: DataFindings, formats: list[WavFormat | PackedFormat]) -> None:
    lengths = sorted(one.seconds for one in formats)
    rates = ", ".join(f"{rate:,}" for rate in sorted({one.rate for one in formats}))
    shortest, longest = lengths[0], lengths[-1]
    findings.seen.append(
        f"sounds: {shortest:.2f} to {longest:.2f} s, {rates} samples per second ({len(formats)} opened)"
    )
    usual = lengths[int(0.95 * (len(lengths) - 1))]
    if longest > _UNEVEN * usual:
        findings.asks.append(
            f"is what matters in the first {usual:.1f} s? 95 % of the sounds are not longer; later parts are cut off, "
            'unless "seconds" in data is larger'
        )
