"""Checks of a task on sounds, and of keys that only sounds use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.parts import Finding, Parts, foreign_operations, ineffective, sized_phases
from kerastune_ft.config.documents.nodes import short_json
from kerastune_ft.config.options.augment import IMAGE_KEYS, SOUND_KEYS
from kerastune_ft.config.options.spectrograms import LOG_MELS

_FRONT_END = 'write "yamnet", or {"log_mel": {}} with the options that differ from the defaults'


def check_sounds(parts: Parts) -> Iterator[Finding]:
    """Yield what sounds lack, and the keys that have no effect on them."""
    data, backbone = parts.data, parts.backbone
    of_images = {"resize": "crop", "intensity": "auto", "exif": "apply", "window": None}
    yield from ineffective(data, "data", of_images, f"task.kind {parts.kind}")
    if backbone.get("kind") == "saved" and backbone.get("input") is None:
        yield (
            ("backbone", "input"),
            f"missing: how sounds become the spectrogram that the model takes; {_FRONT_END}, or for a model of images "
            'the range of their pixels, as "0-1"',
        )
    if isinstance(data.get("input"), list):
        yield ("data", "input"), 'two columns are a pair of texts; write one column, or a template like "{id}.wav"'
    own, asked = _own_rate(backbone.get("input")), data.get("sample_rate")
    if isinstance(asked, int) and own is not None and asked != own:
        yield (
            ("data", "sample_rate"),
            f"the backbone takes {own} samples per second; remove it, because all sounds are resampled to that rate",
        )
    yield from sized_phases(parts)
    yield from foreign_operations(parts, IMAGE_KEYS, f"changes images; of sounds there are {', '.join(SOUND_KEYS)}")


def check_no_sounds(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that only have an effect on sounds."""
    why = f"task.kind {parts.kind}, whose examples are not sounds"
    yield from ineffective(parts.data, "data", {"seconds": None, "sample_rate": None}, why)
    given = parts.backbone.get("input")
    if (isinstance(given, str) and given in LOG_MELS) or (isinstance(given, Mapping) and "log_mel" in given):
        message = f"{short_json(given)} turns sounds into spectrograms, and task.kind {parts.kind} has none"
        yield ("backbone", "input"), f'{message}; write "task": {{"kind": "audio_classification"}}, or remove it'


def _own_rate(given: Any) -> int | None:
    """Return the sample rate that a front end states."""
    options = LOG_MELS.get(given) if isinstance(given, str) else None
    if isinstance(given, Mapping) and isinstance(given.get("log_mel"), Mapping):
        options = given["log_mel"]
    rate = options.get("sample_rate") if options is not None else None
    return rate if isinstance(rate, int) else None
