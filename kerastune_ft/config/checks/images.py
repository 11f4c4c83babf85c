"""Checks of a task on images."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.checks.parts import Finding, Parts, foreign_operations
from kerastune_ft.config.options.augment import IMAGE_KEYS, SOUND_KEYS


def check_images(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts inputs that are images."""
    if parts.data.get("kind") == "table" and isinstance(parts.data.get("input"), list):
        message = 'two columns are a pair of texts; write one column, or a template like "images/{image_id}.png"'
        yield ("data", "input"), message
    if parts.head.get("pooling") == "last":
        yield (
            ("head", "pooling"),
            f'"last" is the last token of a text, and task.kind is {parts.kind}; write "mean" or "max"',
        )
    yield from foreign_operations(parts, SOUND_KEYS, f"changes sounds; of images there are {', '.join(IMAGE_KEYS)}")
