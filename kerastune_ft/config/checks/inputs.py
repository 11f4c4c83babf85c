"""Checks of several inputs of an example: what a table names, the backbones that read it, and what cannot be done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.parts import Finding, Parts
from kerastune_ft.config.documents.nodes import short_json
from kerastune_ft.config.options.task_facts import AUDIO, IMAGE, TEXT

_AT = ("data", "input")
_LABELS = ("one", "several", "values")
_EXAMPLE = '{"image": "photos/{id}.jpg", "numbers": ["age"]}'
_BOTH = '{"image": {"kind": "applications", ...}, "text": {"kind": "keras_hub", ...}}'


def named_inputs(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the inputs by name in the plain options of data; None where an example has one input."""
    given = data.get("input")
    return given if data.get("kind") == "table" and isinstance(given, Mapping) else None


def check_several_inputs(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts several inputs of an example, and the keys that these cannot have."""
    given = named_inputs(parts.data)
    if given is None:
        return
    present = {name: value for name, value in given.items() if value}
    if parts.facts.labels not in _LABELS or AUDIO in parts.task_modalities:
        yield (
            _AT,
            f"several inputs are of tasks on images and texts whose labels are classes or values, and task.kind is "
            f"{parts.kind}; name one column",
        )
        return
    yield from _check_names(parts, present)
    yield from _check_columns(parts, present)
    yield from _check_backbones(parts, present)
    yield from _check_phases(parts, present)
    if parts.data.get("long_texts") == "windows":
        message = 'texts beside other inputs are read in one row of tokens; write "cut", with a sequence_length'
        yield ("data", "long_texts"), message


def _check_names(parts: Parts, present: Mapping[str, Any]) -> Iterator[Finding]:
    (wanted,) = parts.task_modalities
    if wanted not in present:
        yield (
            _AT,
            f'task.kind {parts.kind} needs "{wanted}" among the inputs; write it, or a task whose name begins with '
            "what there is",
        )
    several = isinstance(present.get(IMAGE), list) and len(present[IMAGE]) > 1
    if len(present) == 1 and wanted in present and not several:
        yield (
            _AT,
            f"a single input is written without a name, as {short_json(present[wanted])}; or name others too, as in "
            f"{_EXAMPLE}",
        )


def _check_columns(parts: Parts, present: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the columns that are named twice, and those that are the label, which would be told to the model."""
    label = parts.data.get("label")
    labels = label if isinstance(label, list) else [label.get("column") if isinstance(label, Mapping) else label]
    named = [(key, column) for key in present for column in _as_list(present[key]) if isinstance(column, str)]
    counts = Counter(column for _, column in named)
    for key, column in named:
        if column in labels:
            yield (
                (*_AT, key),
                f"{short_json(column)} is the label too, so that the model would be told what it is to predict; "
                "remove it",
            )
        elif counts[column] > 1:
            counts[column] = 0
            yield (*_AT, key), f"{short_json(column)} is named twice; name each column once"


def _check_backbones(parts: Parts, present: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield where there is not one backbone for every kind of input that has one."""
    backbone = parts.backbone
    if not backbone or backbone.get("kind") == "run":
        return
    read = [name for name in (IMAGE, TEXT) if name in present]
    is_map = "kind" not in backbone and bool({IMAGE, TEXT} & {*backbone})
    if len(read) == 2 and not is_map:
        yield ("backbone",), f"image and text each need a backbone of their own; write {_BOTH}"
    elif len(read) == 1 and is_map:
        yield (
            ("backbone",),
            f"the inputs have no {TEXT if read == [IMAGE] else IMAGE} for a second backbone; write that of {read[0]} "
            "alone",
        )


def _check_phases(parts: Parts, present: Mapping[str, Any]) -> Iterator[Finding]:
    for index, phase in enumerate(parts.phases):
        if not isinstance(phase, Mapping):
            continue
        for way in ("mixup", "cutmix"):
            if phase.get(way):
                message = "examples with several inputs cannot be mixed; remove it, or write label_smoothing or dropout"
                yield ("phases", index, way), message
        if phase.get("image_size") is not None:
            message = "with several inputs all phases have the size of the backbone; remove it"
            yield ("phases", index, "image_size"), message
        several = isinstance(present.get(IMAGE), list) and len(present[IMAGE]) > 1
        if several and phase.get("batch_norm") in ("statistics", "train"):
            message = "one backbone reads several pictures of an example, whose moments it would mix; write frozen"
            yield ("phases", index, "batch_norm"), message


def check_lone_backbone(parts: Parts) -> Iterator[Finding]:
    """Yield a map of two backbones where an example has one input."""
    backbone = parts.backbone
    if "kind" not in backbone and {IMAGE, TEXT} & {*backbone} and named_inputs(parts.data) is None:
        yield (
            ("backbone",),
            f"two backbones read two inputs, and data.input names one; write one backbone, or inputs as {_EXAMPLE}",
        )


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
