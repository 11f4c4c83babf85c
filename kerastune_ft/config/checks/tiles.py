"""Checks of `data.tiles`."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.checks.parts import Finding, Parts
from kerastune_ft.config.options.task_facts import LabelKind

# Labels of which a part of a picture has its own.
_CUT: tuple[LabelKind, ...] = ("mask",)
_OF_WHOLE_MASKS = "boundary_f1"


def check_tiles(parts: Parts) -> Iterator[Finding]:
    """Yield `data.tiles` of a task whose labels are of whole inputs."""
    if parts.data.get("tiles") is not None and parts.facts.labels not in _CUT:
        yield (
            ("data", "tiles"),
            f"the labels of task.kind {parts.kind} are of whole inputs, and a tile may hold nothing of what an input "
            "is labelled for; remove it, and give a larger backbone.image_size where details matter",
        )
    metrics = parts.task.get("metrics")
    if parts.data.get("tiles") is not None and isinstance(metrics, list) and _OF_WHOLE_MASKS in metrics:
        message = f"{_OF_WHOLE_MASKS} follows lines through whole masks, and tiles are measured part by part; remove it"
        yield ("task", "metrics", metrics.index(_OF_WHOLE_MASKS)), message
