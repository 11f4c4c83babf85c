"""Checks of a task with boxes, and of keys that only boxes use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks import dense
from kerastune_ft.config.checks.parts import Finding, Parts, ineffective

_OF_BOXES: dict[str, Any] = {"levels": None}
_WITH_BOXES = ("folder", "table", "tfds")
# By a key of phases, its neutral value and why any other has no effect on boxes.
_OF_CLASSES: Mapping[str, tuple[Any, str]] = {
    "sampling": (None, "every image has boxes of several classes, or none; remove it"),
    "mixup": (0, "the sum of two images has no boxes that are its own; remove it"),
    "cutmix": (0, "a rectangle of another image would cut through its objects; remove it"),
    "label_smoothing": (0, "the target of a class is how well a box fits, which is soft already; remove it"),
}


def check_boxes(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts labels that are boxes, and the keys that have no effect on them."""
    kind, data = parts.kind, parts.data
    if isinstance(data.get("kind"), str) and data["kind"] not in _WITH_BOXES:
        yield (
            ("data", "kind"),
            f"boxes are read from a folder, a table or tfds; write one of them with task.kind {kind}",
        )
    yield from dense.check_dense(parts, "has layers of its own")
    for key, (neutral, why) in _OF_CLASSES.items():
        for index, value in parts.phase_values(key):
            if value != neutral and value is not None:
                yield ("phases", index, key), f"it has no effect with task.kind {kind}: {why}"
    if data.get("resize") == "crop":
        yield ("data", "resize"), 'it would cut off objects at the borders of images; write "pad" or "stretch"'
    if data.get("kind") == "table" and isinstance(data.get("label"), list | Mapping):
        yield ("data", "label"), "every row is one box of one class; name the column of the classes"


def check_no_boxes(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that only have an effect on boxes."""
    why = f"task.kind {parts.kind}, whose labels are no boxes"
    yield from ineffective(parts.head, "head", _OF_BOXES, why)
    if parts.data.get("kind") == "table":
        yield from ineffective(parts.data, "data", {"boxes": None}, why)
