"""Checks of a task with masks, and of keys that only masks use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks import dense
from kerastune_ft.config.checks.parts import Finding, Parts, ineffective
from kerastune_ft.config.documents.nodes import short_json
from kerastune_ft.config.options.mask_values import is_colour, parse_values

_OF_DECODERS: dict[str, Any] = {"decoder": None, "stride": None}
_WITH_MASKS = ("folder", "table", "tfds")
# Formats of annotations that tell no pixel.
_OF_BOXES = ("voc", "yolo", "boxes")


def check_masks(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts labels that are masks, and the keys that have no effect on them."""
    kind, data = parts.kind, parts.data
    if isinstance(data.get("kind"), str) and data["kind"] not in _WITH_MASKS:
        message = f"masks are read from a folder, a table or tfds; write one of them with task.kind {kind}"
        yield ("data", "kind"), message
    yield from dense.check_dense(parts, "is a decoder")
    for index, sampling in parts.phase_values("sampling"):
        if sampling is not None:
            message = f'it has no effect with task.kind {kind}; write "class_weights": "balanced", or remove it'
            yield ("phases", index, "sampling"), message
    classes, ignored = parts.task.get("classes"), str(parts.task.get("ignore"))
    if isinstance(classes, Mapping) and ignored in classes:
        message = f"{ignored} is the value of {short_json(classes[ignored])} in task.classes; remove one of the two"
        yield ("task", "ignore"), message
    yield from _check_values(parts.task)
    if data.get("annotations") in _OF_BOXES:
        yield ("data", "annotations"), f'{short_json(data["annotations"])} has boxes and no outlines; write "coco"'
    if data.get("resize") == "crop":
        yield ("data", "resize"), 'it would crop labelled pixels at the borders of images; write "stretch" or "pad"'
    if isinstance(data.get("label"), list | Mapping):
        yield ("data", "label"), "a mask is one file for an example; name a column of paths, or a template of columns"


def _check_values(task: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what cannot be said of the values of masks: colours among numbers, and borders of no objects."""
    classes, ignore = task.get("classes"), task.get("ignore")
    texts = [str(text) for text in classes] if isinstance(classes, Mapping) else []
    if isinstance(ignore, str) and is_colour(ignore) and not any(map(is_colour, texts)):
        message = 'it is a colour, and task.classes names none; write both as colours, as {"#000000": "road"}'
        yield ("task", "ignore"), message
    spans = [parse_values(text) for text in texts]
    if task.get("border") is not None and not any(span is not None and len(span) > 1 for span in spans):
        message = (
            "borders are those of objects that masks number, and task.classes has no range of numbers; write one, as "
            '{"0": "background", "1-65535": "cell"}, or remove it'
        )
        yield ("task", "border"), message


def check_no_masks(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that only have an effect on masks."""
    yield from ineffective(parts.head, "head", _OF_DECODERS, f"task.kind {parts.kind}, whose head has no decoder")
