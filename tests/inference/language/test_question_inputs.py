"""Tables of questions: texts, and lists of messages with their own columns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.data.files.find import TEXTS
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.language.question_inputs import list_questions
from kerastune_ft.inference.read_options import ReadOptions

MESSAGES = [{"role": "user", "content": "hello"}]


def _options(column: str | None) -> ReadOptions:
    return ReadOptions(None, column, None, TEXTS, Path("cache"), lambda note: None)


def _write(path: Path, *rows: dict) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_cells_of_messages_are_questions_beside_their_columns(tmp_path: Path):
    path = _write(
        tmp_path / "a.jsonl",
        {"id": 1, "ask": MESSAGES},
        {"id": 2, "ask": "short"},
        {"id": 3, "ask": None},
        {"id": 4, "ask": []},
    )
    (found,) = list_questions([path], _options("ask"))
    items = list(found.items)
    assert [json.loads(items[0].texts[0]), items[1].texts, items[2].texts] == [MESSAGES, ("short",), None]
    assert items[2].problem and found.count == 4 and list(found.own["id"]) == [1, 2, 3, 4]
    assert (items[3].texts, items[3].problem) == (None, "has no messages")


def test_other_inputs_are_texts(tmp_path: Path):
    path = _write(tmp_path / "a.jsonl", {"ask": "one"}, {"ask": "two"})
    found = list_questions([path, "three", "line\nbreak.csv"], _options("ask"))
    assert [item.texts[0] for listing in found for item in listing.items] == ["one", "two", "three", "line\nbreak.csv"]
    with pytest.raises(ConfigError, match="--input"):
        list_questions([path], _options("other"))
    with pytest.raises(ConfigError, match="no input"):
        list_questions([], _options("ask"))
