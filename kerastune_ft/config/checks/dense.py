"""Checks that tasks share whose answers lie at places of an image, and of keys that only such tasks use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.parts import Finding, Parts, ineffective
from kerastune_ft.config.checks.phases.solvers import is_solved

_OF_POOLED_HEADS: dict[str, Any] = {"pooling": "mean", "hidden": []}
_OF_FOLDERS: dict[str, Any] = {"input": None, "label": None, "annotations": "auto"}


def check_dense(parts: Parts, what: str) -> Iterator[Finding]:
    """Yield what contradicts a head on feature maps; `what` says what kind of head it is."""
    kind = parts.kind
    yield from ineffective(parts.head, "head", _OF_POOLED_HEADS, f"task.kind {kind}, whose head {what}")
    for index, phase in enumerate(parts.phases):
        if isinstance(phase, Mapping) and is_solved(phase):
            message = f"a solver sets a linear head, and that of task.kind {kind} {what}; write another optimizer"
            yield ("phases", index, "optimizer"), message


def check_not_dense(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that only have an effect on tasks with a head on feature maps."""
    why = f"task.kind {parts.kind}, whose head has no decoder"
    yield from ineffective(parts.head, "head", {"width": None}, why)
    if parts.data.get("kind") == "folder":
        why = f"task.kind {parts.kind}, whose classes are sub-folders"
        yield from ineffective(parts.data, "data", _OF_FOLDERS, why)
