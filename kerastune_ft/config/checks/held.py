"""Checks of data that hold their examples themselves, and name no files: arrays and TensorFlow data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.parts import Finding
from kerastune_ft.config.options.task_facts import LANGUAGE, MASKED, PAIR, TEXT, TaskFacts

HELD = ("tfds", "arrays")
"""The kinds of such data."""
_TEXTS = (TEXT, LANGUAGE, MASKED, PAIR)


def held_inconsistencies(data: Mapping[str, Any], task: TaskFacts | None) -> Iterator[Finding]:
    """Yield keys about files, which have no effect; of a task that is unknown (None) only those that never have."""
    kind = data.get("kind")
    if kind not in HELD:
        return
    # A text can be missing there too: it is empty then.
    may_be_empty = task is None or task.modalities[0] in _TEXTS
    for key in ("on_bad_file", *(() if may_be_empty else ("on_missing",))):
        if data.get(key) == "skip":
            yield ("data", key), f"it has no effect with data.kind {kind}; remove it"
    if data.get("window") is not None:
        yield (
            ("data", "window"),
            f"it has an effect on DICOM files alone, which data.kind {kind} has none of; remove it",
        )
