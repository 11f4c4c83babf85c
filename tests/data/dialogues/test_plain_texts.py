from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.data import FolderData, TableData
from kerastune_ft.config.options.language.tasks import CausalLm
from kerastune_ft.data.blocks import fill_blocks
from kerastune_ft.data.dialogues.dialogue_source import DialogueSource
from kerastune_ft.data.open import open_source
from kerastune_ft.data.splits.recorded import RecordedExamples
from tests.support.dialogue_files import write_lines

ROOM = 60


def divide(keys: Any, texts: Any) -> Any:
    return fill_blocks(texts, lambda pieces: list(map(len, pieces)), ROOM)


def open_divided(options: Any, cache: Path, **more: Any) -> DialogueSource:
    task = CausalLm(kind="causal_lm")
    source = open_source(options, task, cache, lambda line: None, **{"divide": divide, **more})
    assert isinstance(source, DialogueSource)
    return source


def write_book(path: Path, sentences: int) -> str:
    text = "".join(f"Sentence {number} of the book {path.stem}.\n" for number in range(sentences)).strip()
    path.write_text(text)
    return text


def test_a_long_text_is_divided_into_examples_that_its_key_names(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    text = write_book(tmp_path / "d" / "book.txt", 60)
    (tmp_path / "d" / "note.txt").write_text("A short note.")
    source = open_divided(FolderData(path=str(tmp_path / "d")), tmp_path / "cache")
    blocks = [source.read_dialogue(index)[0] for index in range(source.info.examples)]
    assert "".join(turn.content for turn in blocks[:-1]) == text
    assert [turn.role for turn in blocks] == ["part"] * (len(blocks) - 2) + ["text", "text"]
    assert source.keys[0] == f"book.txt[0:{len(blocks[0].content)}]"
    assert source.keys[-1] == "note.txt"
    assert len(set(source.keys)) == len(source.keys) == len(set(source.contents))
    assert set(source.splits) == {"train", "validation", "test"}
    assert any("1 of 2 texts is divided into" in note for note in source.info.notes)


def test_a_run_finds_its_blocks_without_a_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    write_book(tmp_path / "d" / "book.txt", 60)
    options = FolderData(path=str(tmp_path / "d"))
    source = open_divided(options, tmp_path / "cache")
    split_of = {int(index): split for split, own in source.splits.items() for index in own}
    recorded = RecordedExamples(
        "run",
        source.info.fingerprint,
        source.keys,
        source.label_texts,
        [split_of[index] for index in range(len(source.keys))],
    )
    again = open_divided(options, tmp_path / "cache", divide=None, recorded=recorded)
    assert again.keys == source.keys
    assert again.contents == source.contents
    assert {split: own.tolist() for split, own in again.splits.items()} == {
        split: own.tolist() for split, own in source.splits.items()
    }


def test_blocks_of_many_texts_stay_in_their_split(tmp_path: Path) -> None:
    rows = [
        {"text": f"Text {row} says a few words. " * 9, "split": ("train", "validation")[row % 5 == 0]}
        for row in range(30)
    ]
    path = write_lines(tmp_path / "t.jsonl", rows)
    source = open_divided(TableData(path=str(path), input="text"), tmp_path / "cache")
    split_of = {int(index): split for split, own in source.splits.items() for index in own}
    found = {
        key: {split_of[index] for index, other in enumerate(source.keys) if other.startswith(f"{key}[")}
        for key in ("line 1", "line 7", "line 30")
    }
    assert all(len(splits) == 1 for splits in found.values())
    assert any("all blocks of a text are in the same split" in note for note in source.info.notes)
    given = open_divided(TableData(path=str(path), input="text", splits={"column": "split"}), tmp_path / "cache")
    assert given.info.examples == source.info.examples
    assert given.info.sizes["validation"] == len(
        [key for key in source.keys if int(key.split()[1].split("[")[0]) % 5 == 1]
    )


def test_questions_are_not_divided(tmp_path: Path) -> None:
    rows = [{"prompt": f"{row} words " * 30, "response": "Yes."} for row in range(12)]
    options = TableData(path=str(write_lines(tmp_path / "p.jsonl", rows)), input="prompt", label="response")
    assert open_divided(options, tmp_path / "cache").info.examples == 12


@pytest.mark.parametrize("rule", ["error", "skip"])
def test_what_is_left_out_shifts_no_block(tmp_path: Path, rule: str) -> None:
    (tmp_path / "d").mkdir()
    for name in ("a", "c"):
        write_book(tmp_path / "d" / f"{name}.txt", 9)
    if rule == "skip":
        (tmp_path / "d" / "b.txt").write_text(" ")
    source = open_divided(FolderData(path=str(tmp_path / "d"), on_missing=rule), tmp_path / "cache")
    for index, key in enumerate(source.keys):
        assert (
            f"book {key[0]}." in source.read_dialogue(index)[0].content
            or len(source.read_dialogue(index)[0].content) < 40
        )
