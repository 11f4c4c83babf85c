"""What has no effect on texts, and what only texts have: keys that would be taken and ignored otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath
from kerastune_ft.config.options.augment import changes_images
from kerastune_ft.config.options.task_facts import IMAGE, TEXT, find_facts

Finding = tuple[KeyPath, str]
_DEFAULTS = {"resize": "crop", "intensity": "auto"}
_OF_FILES = "on_bad_file"


def text_inconsistencies(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield place and message of every key that cannot do anything for what the task's examples are."""
    task, data, head = (_object(document, key) for key in ("task", "data", "head"))
    facts = find_facts(task)
    if facts is None:
        return
    kind = task["kind"]
    if TEXT in facts.modalities:
        yield from _of_texts(kind, data)
        if _object(document, "backbone").get("image_size") is not None:
            yield ("backbone", "image_size"), f"it has no effect with task.kind {kind}, which has no images; remove it"
        yield from _augmented(kind, document)
        return
    if data.get("sequence_length") is not None:
        yield ("data", "sequence_length"), f"it has no effect with task.kind {kind}, which has no texts; remove it"
    if head.get("pooling") == "last" and IMAGE in facts.modalities:
        yield ("head", "pooling"), f'"last" is the last token of a text, and task.kind is {kind}; write "mean" or "max"'


def _of_texts(kind: str, data: Mapping[str, Any]) -> Iterator[Finding]:
    for key, neutral in _DEFAULTS.items():
        if data.get(key, neutral) != neutral:
            yield ("data", key), f"it has no effect with task.kind {kind}, which has no images; remove it"
    if data.get(_OF_FILES) == "skip" and data.get("kind") == "table":
        yield ("data", _OF_FILES), "it has no effect on texts in a table; for empty ones write on_missing"


def _augmented(kind: str, document: Mapping[str, Any]) -> Iterator[Finding]:
    listed = document.get("phases")
    for index, phase in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(phase, Mapping) and changes_images(phase.get("augment", "none")):
            message = f"it has no effect with task.kind {kind}, which has no images; remove it"
            yield ("phases", index, "augment"), message


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, Mapping) else {}
