"""Checks of a task whose model writes down sounds."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.checks.parts import Finding, Parts, ineffective
from kerastune_ft.config.checks.sounds import check_sounds


def check_speech(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts sounds that are written down, and the keys that have no effect on them."""
    yield from check_sounds(parts)
    why = f"task.kind {parts.kind}, whose backbone brings its own spectrogram"
    yield from ineffective(parts.backbone, "backbone", {"image_size": None, "input": None}, why)
