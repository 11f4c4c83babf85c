"""Checks of a task whose model goes on with texts and dialogues, and of what all that learn tokens exclude."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.checks.parts import Finding, Parts, ineffective, section, sized_phases
from kerastune_ft.config.checks.phases.solvers import is_solved
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.augment import changes_examples
from kerastune_ft.config.options.task_facts import LANGUAGE, PAIR, SPEECH

_OF_IMAGES = {"resize": "crop", "intensity": "auto", "exif": "apply", "window": None}
_OF_HEADS: Mapping[str, Any] = {"pooling": "mean", "dropout": 0.2, "hidden": [], "decoder": None, "width": None}
# By modality, a class that writes, for messages.
_WRITERS: Mapping[str, str] = {LANGUAGE: "GPT2Backbone", PAIR: "BartBackbone", SPEECH: "WhisperBackbone"}
# By a key of phases, its neutral value and why any other has no effect on texts that are written.
_OF_CLASSES: Mapping[str, tuple[Any, str]] = {
    "sampling": (None, "its labels are texts and no classes; remove it"),
    "class_weights": (None, "its labels are texts and no classes; remove it"),
    "mixup": (0, "the mean of two texts is none; remove it"),
    "cutmix": (0, "texts have no rectangles; remove it"),
    "dropout": (None, "there is no head of classes, whose dropout it is; the backbone has its own; remove it"),
}


def check_written(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts labels that are tokens of texts, and the keys that have no effect on them."""
    why = f"task.kind {parts.kind}, whose head is the vocabulary of the backbone"
    yield from ineffective(parts.head, "head", _OF_HEADS, why)
    for key, (neutral, reason) in _OF_CLASSES.items():
        for index, value in parts.phase_values(key):
            if value != neutral and value is not None:
                yield ("phases", index, key), f"it has no effect with task.kind {parts.kind}: {reason}"
    for index, optimizer in parts.phase_values("optimizer"):
        if is_solved({"optimizer": optimizer}):
            yield (
                ("phases", index, "optimizer"),
                f"a solver sets new heads of classes and numbers, and task.kind {parts.kind} has none; "
                'write another, as "adamw"',
            )
    if parts.facts.hides_words:
        return
    yield from _check_generation(section(parts.task, "generate"))
    name = str(parts.backbone.get("class"))
    if name in HUB_FAMILIES and not HUB_FAMILIES[name].writes:
        yield (
            ("backbone", "class"),
            f"{name} reads texts and writes none, and task.kind {parts.kind} needs a model that does; write another, "
            f'as "{_WRITERS[parts.facts.modalities[0]]}"',
        )


def _check_generation(generate: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the keys of task.generate that have no effect without drawing, and ends that are no texts."""
    if generate.get("temperature", 0) == 0:
        why = "a temperature of 0, with which the most probable token is taken and none drawn; write one above 0"
        for key in ("top_k", "top_p"):
            if generate.get(key) is not None:
                yield ("task", "generate", key), f"it has no effect with {why}, or remove it"
    stop = generate.get("stop")
    if "" in (stop if isinstance(stop, list | tuple) else [stop]):
        yield ("task", "generate", "stop"), "an empty text would end every answer at once; remove it"


def check_dialogues(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that have no effect on texts that a model goes on with."""
    why = f"task.kind {parts.kind}, which has no images"
    yield from ineffective(parts.data, "data", _OF_IMAGES, why)
    yield from ineffective(parts.backbone, "backbone", {"image_size": None}, why)
    yield from sized_phases(parts)
    for index, augment in parts.phase_values("augment"):
        if changes_examples(augment):
            yield ("phases", index, "augment"), f"it has no effect with {why}; remove it"
