"""Checks of dialogues and plain texts: keys without effect, and templates in which nothing tells who speaks."""

from __future__ import annotations

from collections.abc import Iterator

from kerastune_ft.config.checks.language.causal import check_dialogues
from kerastune_ft.config.checks.parts import Finding, Parts, ineffective, section
from kerastune_ft.config.options.language.tasks import OF_TURNS


def check_chats(parts: Parts) -> Iterator[Finding]:
    """Yield what contradicts texts that a model goes on with, and the keys that have no effect on them."""
    yield from check_dialogues(parts)
    yield from _check_data(parts)
    yield from _check_template(parts)


def _check_data(parts: Parts) -> Iterator[Finding]:
    data = parts.data
    if isinstance(data.get("input"), list):
        yield (
            ("data", "input"),
            'a dialogue is in one column; write  "input": "messages"  or  "input": "prompt", "label": "response"',
        )
    if isinstance(data.get("label"), dict | list):
        yield ("data", "label"), "what is to be written is one text; name one column"
    if data.get("long_texts") == "windows":
        yield (
            ("data", "long_texts"),
            f"it has no effect with task.kind {parts.kind}, for which long texts are divided into blocks; remove it",
        )
    if data.get("on_bad_file") == "skip" and data.get("kind") == "table":
        yield (
            ("data", "on_bad_file"),
            "it has no effect on texts in a table; for dialogues that cannot be learnt write on_missing",
        )
    if data.get("kind") == "folder":
        why = "a folder of plain texts, which have no turns and are learnt whole"
        yield from ineffective(parts.task, "task", OF_TURNS, why)


def _check_template(parts: Parts) -> Iterator[Finding]:
    texts = section(parts.task, "template")
    if "user" in texts and texts.get("user") == texts.get("assistant"):
        yield (
            ("task", "template", "assistant"),
            "it is the text of user too, so that nothing tells who speaks; write another",
        )
