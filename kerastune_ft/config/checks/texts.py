"""Checks of a task on texts, and of keys that only texts use."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.checks.parts import Finding, Parts, ineffective, sized_phases
from kerastune_ft.config.options.augment import changes_examples

_OF_IMAGES = {"resize": "crop", "intensity": "auto", "exif": "apply", "window": None}
_ON_BAD_FILE = "on_bad_file"
_LONG_TEXTS = "long_texts"


def check_texts(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that have no effect on texts."""
    why = f"task.kind {parts.kind}, which has no images"
    yield from ineffective(parts.data, "data", _OF_IMAGES, why)
    if parts.data.get(_ON_BAD_FILE) == "skip" and parts.data.get("kind") == "table":
        yield ("data", _ON_BAD_FILE), "it has no effect on texts in a table; for empty texts write on_missing"
    if parts.data.get(_LONG_TEXTS) == "windows":
        yield from _check_windows(parts)
    yield from ineffective(parts.backbone, "backbone", {"image_size": None}, why)
    yield from sized_phases(parts)
    for index, augment in parts.phase_values("augment"):
        if changes_examples(augment):
            yield ("phases", index, "augment"), f"it has no effect with {why}; remove it"


def _check_windows(parts: Parts) -> Iterator[Finding]:
    """Yield what is missing for texts to be read in windows, or contradicts it."""
    if parts.data.get("sequence_length") is None:
        yield (
            ("data", _LONG_TEXTS),
            'windows are of sequence_length tokens, and there is none; write it too, as in "sequence_length": 128',
        )
    if isinstance(parts.data.get("input"), list):
        yield (
            ("data", _LONG_TEXTS),
            '"windows" are parts of one text, and input names a pair of texts; write "cut", with which the longer text '
            "of a pair is cut first",
        )


def check_no_texts(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that only have an effect on texts."""
    why = f"task.kind {parts.kind}, which has no texts"
    yield from ineffective(parts.data, "data", {"sequence_length": None, _LONG_TEXTS: "cut"}, why)
