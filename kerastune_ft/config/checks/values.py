"""Checks of a task whose labels are numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kerastune_ft.config.checks.parts import Finding, Parts


def check_values(parts: Parts) -> Iterator[Finding]:
    """Yield what needs classes, and labels that are not numbers."""
    if parts.data.get("kind") == "table" and isinstance(parts.data.get("label"), Mapping):
        yield ("data", "label"), "a separator gives sets of labels; name a column of numbers, or a list of them"
    for key in ("class_weights", "sampling", "label_smoothing"):
        for index, value in parts.phase_values(key):
            if value:
                message = f"it has no effect with task.kind {parts.kind}, which has no classes; remove it"
                yield ("phases", index, key), message
