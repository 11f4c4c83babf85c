"""What a task with masks needs of the rest of a configuration, and what has an effect on masks alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath, short_json
from kerastune_ft.config.options.task_facts import find_facts

_OF_DECODERS = ("decoder", "width", "stride")
_OF_POOLED_HEADS: dict[str, Any] = {"pooling": "mean", "hidden": []}
_OF_FOLDERS = ("input", "label")
_WITHOUT_EFFECT: dict[str, Any] = {"sampling": None}
_WITH_MASKS = ("folder", "table")


def mask_inconsistencies(
    task: Mapping[str, Any],
    data: Mapping[str, Any],
    head: Mapping[str, Any],
    backbone: Mapping[str, Any],
    phases: list[Any],
) -> Iterator[tuple[KeyPath, str]]:
    """Yield place and message of everything that masks, or their absence, leave without meaning."""
    facts = find_facts(task)
    if facts is None:
        return
    if facts.labels == "mask":
        yield from _with_masks(str(task["kind"]), data, head, backbone, phases)
    else:
        yield from _without_masks(str(task["kind"]), data, head)


def _with_masks(
    kind: str, data: Mapping[str, Any], head: Mapping[str, Any], backbone: Mapping[str, Any], phases: list[Any]
) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(data.get("kind"), str) and data["kind"] not in _WITH_MASKS:
        yield ("data", "kind"), f"masks are read from a folder or a table; write one of them with task.kind {kind}"
    if isinstance(backbone.get("kind"), str) and backbone["kind"] not in ("applications", "run"):
        yield (
            ("backbone", "kind"),
            f"{short_json(backbone['kind'])} gives no feature maps at several strides in this version; "
            'write "applications"',
        )
    for key, neutral in _OF_POOLED_HEADS.items():
        if head.get(key, neutral) != neutral:
            yield ("head", key), f"it has no effect with task.kind {kind}, whose head is a decoder; remove it"
    for index, phase in enumerate(phases):
        for key, neutral in _WITHOUT_EFFECT.items():
            if isinstance(phase, Mapping) and phase.get(key, neutral) != neutral:
                message = f'it has no effect with task.kind {kind}; write "class_weights": "balanced", or remove it'
                yield ("phases", index, key), message
    if data.get("resize") == "crop":
        yield ("data", "resize"), 'it cuts off what masks say of the borders of images; write "stretch" or "pad"'
    if isinstance(data.get("label"), list | Mapping):
        yield ("data", "label"), "a mask is one file for an example; name a column of paths, or a template of columns"


def _without_masks(kind: str, data: Mapping[str, Any], head: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for key in _OF_DECODERS:
        if head.get(key) is not None:
            yield ("head", key), f"it has no effect with task.kind {kind}, whose head has no decoder; remove it"
    for key in _OF_FOLDERS if data.get("kind") == "folder" else ():
        if data.get(key) is not None:
            yield ("data", key), f"it has no effect with task.kind {kind}, whose classes are sub-folders; remove it"
