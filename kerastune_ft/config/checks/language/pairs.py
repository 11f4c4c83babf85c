"""Checks of a task whose model writes a text for another, and of keys that only such tasks use."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.checks.language.causal import check_dialogues
from kerastune_ft.config.checks.parts import Finding, Parts, ineffective
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES

_WRITES_PAIRS = "pair"


def check_pairs(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts texts that others are written for, and the keys that have no effect on them."""
    yield from check_dialogues(parts)
    name = str(parts.backbone.get("class"))
    if name in HUB_FAMILIES and HUB_FAMILIES[name].writes == _WRITES_PAIRS:
        why = f"{name}, whose encoder reads the text and whose decoder writes the other: there is nothing around them"
        yield from ineffective(parts.task, "task", {"template": "auto"}, why)
    if isinstance(parts.data.get("input"), list):
        yield ("data", "input"), "a pair of texts is none that one is written for; name one column, or a template"


def check_no_pairs(parts: Parts) -> Iterator[Finding]:
    """Yield the keys that only have an effect where a text is written for something else."""
    why = f"task.kind {parts.kind}, which writes no text for another input"
    yield from ineffective(parts.data, "data", {"target_length": None}, why)
