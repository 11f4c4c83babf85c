"""Plain texts without labels, known by the same hashes as texts with labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError


def _open(folder: Path, data: dict[str, Any], kind: str = "masked_lm", **options: Any) -> Any:
    settings = read(
        {
            "name": "m",
            "task": {"kind": kind},
            "data": data,
            "backbone": {"kind": "keras_hub", "class": "BertBackbone"},
            "phases": [{"name": "all", "unfreeze": "all", "epochs": 1, "learning_rate": 0.001}],
        }
    )
    return open_source(
        settings.data, settings.task, folder / "cache", lambda line: None, rules=settings.rules, **options
    )


def test_a_text_has_the_same_hash_with_and_without_a_label(tmp_path: Path) -> None:
    table = tmp_path / "texts.csv"
    table.write_text("text,class\n" + "".join(f"text number {row},{'ab'[row % 2]}\n" for row in range(30)))
    data = {"kind": "table", "path": str(table), "input": "text"}
    plain, labelled = _open(tmp_path, data), _open(tmp_path, data | {"label": "class"}, "text_classification")
    assert plain.keys == labelled.keys
    assert list(plain.input_hashes) == list(labelled.input_hashes)
    assert set(plain.label_texts) == {""}


def test_long_texts_are_divided_and_dialogues_are_refused(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("text\n" + "".join(f"one two three {row}\n" for row in range(30)))
    data = {"kind": "table", "path": str(tmp_path / "long.csv"), "input": "text"}
    halves = _open(tmp_path, data, divide=lambda keys, texts: [[(0, 8), (8, len(text))] for text in texts])
    assert len(halves.keys) == 60
    cell = json.dumps([{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}])
    (tmp_path / "chats.jsonl").write_text("".join(f'{{"text": {cell}}}\n' for _ in range(9)))
    with pytest.raises(DataError, match=r"holds lists of messages, and task.kind masked_lm learns plain texts"):
        _open(tmp_path, {**data, "path": str(tmp_path / "chats.jsonl")})


def test_embedded_reviews_come_without_their_labels(tmp_path: Path) -> None:
    source = _open(tmp_path, {"kind": "tfds", "name": "reviews"})
    assert len(source.keys) == 1200
    assert set(source.label_texts) == {""}


def test_a_file_is_known_by_its_text_as_where_its_folder_is_a_label(tmp_path: Path) -> None:
    for row in range(24):
        place = tmp_path / "texts" / "ab"[row % 2] / f"{row}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"text number {row}")
    data = {"kind": "folder", "path": str(tmp_path / "texts")}
    plain, labelled = _open(tmp_path, data), _open(tmp_path, data, "text_classification")
    assert sorted(plain.input_hashes) == sorted(labelled.input_hashes)
