"""The parts of a complete document that the checks of inputs and labels read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from kerastune_ft.config.documents.nodes import KeyPath
from kerastune_ft.config.options.task_facts import IMAGE, TEXT, TaskFacts, find_facts

Finding = tuple[KeyPath, str]


@dataclass(frozen=True)
class Parts:
    """Sections of a document whose task has a known kind; a section that is missing or of a wrong type is empty."""

    kind: str
    facts: TaskFacts
    """The facts of the task; its modalities are those of the inputs that the data names, where these are several."""
    task_modalities: tuple[str, ...]
    """The modalities that tasks of the kind have by themselves."""
    task: Mapping[str, Any]
    data: Mapping[str, Any]
    head: Mapping[str, Any]
    backbone: Mapping[str, Any]
    phases: list[Any]
    awaits_choice: bool = False
    """Whether the phases stand in for those that are to be chosen by measurement."""

    def phase_values(self, key: str) -> Iterator[tuple[int, Any]]:
        """Yield index and value of every phase that has a key."""
        for index, phase in enumerate(self.phases):
            if isinstance(phase, Mapping) and key in phase:
                yield index, phase[key]


def find_parts(document: Mapping[str, Any]) -> Parts | None:
    """Return the parts of a document, or None if the kind of its task is not one of this version."""
    task, data, head, backbone = (section(document, key) for key in ("task", "data", "head", "backbone"))
    facts = find_facts(task)
    phases = document.get("phases")
    if facts is None:
        return None
    known, own = _add_inputs(facts, data), phases if isinstance(phases, list) else []
    auto = section(document, "auto")
    awaits_choice = bool(auto) and auto.get("chosen") is None
    return Parts(str(task["kind"]), known, facts.modalities, task, data, head, backbone, own, awaits_choice)


def _add_inputs(facts: TaskFacts, data: Mapping[str, Any]) -> TaskFacts:
    """Return the facts with the modalities of the inputs that a table names."""
    given = data.get("input")
    if data.get("kind") != "table" or not isinstance(given, Mapping):
        return facts
    named = tuple(modality for modality in (IMAGE, TEXT) if given.get(modality))
    return replace(facts, modalities=named or facts.modalities)


def backbone_sections(document: Mapping[str, Any]) -> list[tuple[KeyPath, Mapping[str, Any]]]:
    """Return the place and the options of each backbone of a document: one, or one for each of two inputs."""
    whole = section(document, "backbone")
    if "kind" in whole or not {IMAGE, TEXT} & {*whole}:
        return [(("backbone",), whole)]
    return [(("backbone", name), section(whole, name)) for name in (IMAGE, TEXT)]


def move_findings(findings: Iterable[Finding], place: KeyPath) -> Iterator[Finding]:
    """Yield findings about the section `backbone` as those about a backbone at another place, one of two."""
    for path, message in findings:
        yield ((*place, *path[1:]) if path[:1] == ("backbone",) else path), message


def section(holder: Any, key: str) -> Mapping[str, Any]:
    """Return the object at a key, or {} if there is none."""
    value = holder.get(key) if isinstance(holder, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def ineffective(section: Mapping[str, Any], name: str, neutral: Mapping[str, Any], why: str) -> Iterator[Finding]:
    """Yield the keys of a section that have no effect and are not at their neutral values."""
    for key, value in neutral.items():
        if section.get(key, value) != value:
            yield (name, key), f"it has no effect with {why}; remove it"


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a number of JSON; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def sized_phases(parts: Parts) -> Iterator[Finding]:
    """Yield the phases with a size of images, of a task whose examples are no images."""
    for index, size in parts.phase_values("image_size"):
        if size is not None:
            message = f"it is the size of photos and other images, and task.kind {parts.kind} has none; remove it"
            yield ("phases", index, "image_size"), message


def foreign_operations(parts: Parts, keys: Iterable[str], what: str) -> Iterator[Finding]:
    """Yield the operations of augmentations among `keys`, which are of another modality; `what` says what they do."""
    for index, augment in parts.phase_values("augment"):
        for key in keys if isinstance(augment, Mapping) else ():
            if augment.get(key) is not None:
                yield ("phases", index, "augment", key), f"it {what}; remove it"
