"""Tables and folders of dialogues and texts, and how tests open them as data to go on with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.open import open_source

ROLES = ("user", "assistant")


def make_messages(*contents: str, system: str = "") -> list[dict[str, str]]:
    """Return messages of user and assistant in turn."""
    first = [{"role": "system", "content": system}] if system else []
    return [*first, *({"role": ROLES[place % 2], "content": each} for place, each in enumerate(contents))]


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a JSONL file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def open_texts(options: Any, cache: Path, **task: Any) -> DialogueSource:
    """Open data for a task that goes on with texts."""
    source = open_source(options, CausalLm(kind="causal_lm", **task), cache, lambda line: None)
    assert isinstance(source, DialogueSource)
    return source
