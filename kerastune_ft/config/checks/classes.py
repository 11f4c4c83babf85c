"""Checks of a task whose examples belong to one class each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kerastune_ft.config.checks.parts import Finding, Parts


def check_one_class(parts: Parts) -> Iterator[Finding]:
    """Yield what only a task with several labels per example can have."""
    if parts.task.get("thresholds", 0.5) != 0.5:
        yield (
            ("task", "thresholds"),
            "it has no effect without multi_label, where the most likely class is predicted; remove it",
        )
    label = parts.data.get("label")
    if parts.data.get("kind") == "table" and isinstance(label, Mapping):
        message = 'a separator gives several labels; write "multi_label": true in task, or name one column'
        yield ("data", "label"), message
    if parts.data.get("kind") == "table" and isinstance(label, list) and len(label) == 1:
        yield ("data", "label"), "one column of 0 and 1 gives no two classes; name the column alone, without brackets"
