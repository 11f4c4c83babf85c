"""Whether the backbone takes what the task's examples are, as far as the configuration tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.task_facts import find_facts

TAKEN = {"image": "images", "text": "texts", "audio": "sounds"}


def misfits(task: Any, given: str) -> bool:
    """Tell whether a backbone of the modality `given` cannot serve a task of the modality `task`."""
    # A model of images takes sounds as spectrograms.
    return task != given and (task, given) != ("audio", "image")


def modality_inconsistencies(task: Mapping[str, Any], backbone: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Yield place and message where a backbone that names its class is of another modality than the task."""
    facts = find_facts(task)
    if facts is None:
        return
    key, given = "class", HUB_FAMILIES.get(str(backbone.get("class")))
    found = given.modality if given is not None else None
    if backbone.get("kind") == "applications":
        key, found = "name", "image"
    if found is not None and misfits(facts.modality, found):
        yield (
            ("backbone", key if key in backbone else "kind"),
            f"{backbone.get(key, 'it')} takes {TAKEN[found]}, and task.kind {task['kind']} is of "
            f"{TAKEN[facts.modality]}; "
            f"write another backbone, or a task whose name begins with {found}_",
        )
