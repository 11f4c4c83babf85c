"""Checks of a task whose model finds words that are hidden in plain texts."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.checks.language.causal import check_dialogues
from kerastune_ft.config.checks.modality import can_serve
from kerastune_ft.config.checks.parts import Finding, Parts
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.task_facts import MASKED


def check_masked(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts plain texts of which words are hidden, and the keys that have no effect on them."""
    yield from check_dialogues(parts)
    yield from _check_data(parts)
    name = str(parts.backbone.get("class"))
    family = HUB_FAMILIES.get(name)
    if family is not None and can_serve(family.modality, MASKED) and not family.masks:
        yield (
            ("backbone", "class"),
            f"{name} finds no hidden words, as BERT was pretrained to; write one that does, as {_name_classes()}"
            + (
                ', or "kind": "causal_lm" in task, with which it learns to go on with the texts'
                if family.writes
                else ""
            ),
        )
    if parts.backbone.get("kind") == "saved":
        yield (
            ("backbone", "kind"),
            "a saved model has no embeddings that are known to be those of tokens, which hidden words are found by; "
            'write "keras_hub", or "run"',
        )


def _name_classes() -> str:
    return ", ".join(name for name, family in HUB_FAMILIES.items() if family.masks)


def _check_data(parts: Parts) -> Iterator[Finding]:
    data = parts.data
    if isinstance(data.get("input"), list):
        yield ("data", "input"), "hidden words are found in one text; name one column"
    if data.get("label") is not None:
        yield (
            ("data", "label"),
            f"it has no effect with task.kind {parts.kind}, whose labels are the words that are hidden; remove it",
        )
    if data.get("long_texts") == "windows":
        yield (
            ("data", "long_texts"),
            f"it has no effect with task.kind {parts.kind}, for which long texts are divided into blocks; remove it",
        )
    if data.get("on_bad_file") == "skip" and data.get("kind") == "table":
        yield ("data", "on_bad_file"), "it has no effect on texts in a table; for empty texts write on_missing"
