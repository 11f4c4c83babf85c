"""Checking that the backbone takes the modality of the task, as far as the configuration shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.task_facts import find_facts

NOUNS = {
    "image": "images",
    "text": "texts",
    "audio": "sounds",
    "language": "texts that it goes on with",
    "masked": "texts of which words are hidden",
    "pair": "texts that it writes others for",
    "speech": "sounds that it writes down",
}
# By the modality of a backbone, those of the tasks it can serve: a model of images takes sounds as spectrograms.
# What is written for a text can go on with it too.
_SERVES = {
    "image": ("image", "audio"),
    "text": ("text", "language", "masked", "pair"),
    "audio": ("audio", "speech"),
    "language": ("language", "pair"),
}


def can_serve(backbone: str, task: str) -> bool:
    """Return whether a backbone of one modality can serve a task of another."""
    return task in _SERVES.get(backbone, ())


def modality_inconsistencies(
    task: Mapping[str, Any], backbone: Mapping[str, Any], reads: str | None = None
) -> Iterator[tuple[KeyPath, str]]:
    """Yield place and message if a backbone that names its class or model takes another modality than it should.

    That is the task's, or the one that it `reads` where there are several.
    """
    facts = find_facts(task)
    if facts is None:
        return
    wanted = reads or facts.modality
    key, given = "class", HUB_FAMILIES.get(str(backbone.get("class")))
    found = given.modality if given is not None else None
    if backbone.get("kind") == "applications":
        key, found = "name", "image"
    if found is None or can_serve(found, wanted):
        return
    if reads is not None:
        message = f"{backbone.get(key, 'it')} takes {NOUNS[found]}, and this is the backbone of {NOUNS[reads]}"
        yield ("backbone", key if key in backbone else "kind"), f"{message}; write another backbone"
    else:
        yield (
            ("backbone", key if key in backbone else "kind"),
            f"{backbone.get(key, 'it')} takes {NOUNS[found]}, and task.kind {task['kind']} is of "
            f"{NOUNS[wanted]}; write another backbone, or a task whose name begins with {found}_",
        )
