from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.data.files.find import IMAGES, TEXTS
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.scaffolding.sources.writing.dialogues import inspect_dialogues, inspect_text_folder
from kerastune_ft.scaffolding.suggest import choose
from tests.support.dialogue_files import make_messages, write_lines

CHATS = [
    {"id": row, "chat": make_messages(f"q{row}", f"a{row}"), "split": ("train", "test")[row % 2]} for row in range(9)
]


def inspect(tmp_path: Path, rows: list[dict[str, Any]], label: tuple[str, ...] = ()) -> Any:
    return inspect_dialogues(read_table(write_lines(tmp_path / "t.jsonl", rows)), "t.jsonl", label)


def test_chats_are_found_with_their_splits(tmp_path: Path) -> None:
    found = inspect(tmp_path, CHATS)
    assert found.task["kind"] == "causal_lm"
    assert (found.data["input"], found.data["splits"]) == ("chat", {"column": "split"})
    assert "lists of messages" in found.data["// input"]
    assert inspect(tmp_path, CHATS, ("split",)) is None


@pytest.mark.parametrize("empty", [[], "[]"])
def test_empty_lists_are_no_chats(tmp_path: Path, empty: Any) -> None:
    rows = [{"text": f"Long {row}.", "summary": f"Short {row}.", "others": empty} for row in range(9)]
    found = inspect(tmp_path, rows)
    assert (found.task["kind"], found.data["input"], found.data["label"]) == ("summarization", "text", "summary")
    # One that is empty among others hides none.
    assert inspect(tmp_path, [{"id": 9, "chat": empty, "split": "train"}, *CHATS]).data["input"] == "chat"


@pytest.mark.parametrize("names", [("prompt", "response"), ("instruction", "output"), ("question", "answer")])
def test_questions_and_answers_are_found_by_their_names(tmp_path: Path, names: tuple[str, str]) -> None:
    rows = [{names[0]: f"What is {row}?", names[1]: f"It is {row}."} for row in range(9)]
    for label in ((), (names[1],)):
        found = inspect(tmp_path, rows, label)
        assert (found.data["input"], found.data["label"]) == names
        assert found.data["splits"] == {"train": 0.7, "validation": 0.15, "test": 0.15}


@pytest.mark.parametrize(
    "names", [("text", "summary"), ("article", "highlights"), ("dialogue", "summary"), ("abstract", "summary")]
)
def test_texts_with_summaries_are_found_by_their_names(tmp_path: Path, names: tuple[str, str]) -> None:
    rows = [{names[0]: f"A long text of {row}.", names[1]: f"Of {row}."} for row in range(9)]
    found = inspect(tmp_path, rows)
    assert (found.task["kind"], found.data["input"], found.data["label"]) == ("summarization", *names)
    config = read(
        {"task": found.task, "data": found.data, **choose.suggest(found, {"kind": "keras_hub", "preset": "x"})}
    )
    assert config.phases
    # Of few different ones the second is a class.
    assert inspect(tmp_path, [{names[0]: f"t{row}", names[1]: "ab"[row % 2]} for row in range(9)]) is None


def test_texts_alone_are_learnt_whole(tmp_path: Path) -> None:
    rows = [{"text": f"The {row}th of many texts, with words of its own."} for row in range(9)]
    found = inspect(tmp_path, rows)
    assert (found.task["kind"], found.data["input"], found.data.get("label")) == ("causal_lm", "text", None)
    assert inspect(tmp_path, rows, ("text",)) is None
    assert inspect(tmp_path, [row | {"mood": "ab"[place % 2]} for place, row in enumerate(rows)]) is None
    assert inspect(tmp_path, [{"count": row} for row in range(9)]) is None


def test_labels_are_no_answers(tmp_path: Path) -> None:
    assert inspect(tmp_path, [{"question": f"q{row}", "answer": ("yes", "no")[row % 2]} for row in range(9)]) is None
    assert inspect(tmp_path, [{"text": f"t{row}", "label": "a"} for row in range(9)]) is None
    assert inspect(tmp_path, [{"file": f"t{row}", "tags": ["a", "b"]} for row in range(9)]) is None


def test_a_folder_of_texts_is_learnt_whole(tmp_path: Path) -> None:
    (tmp_path / "class").mkdir()
    assert inspect_text_folder(tmp_path, "d", TEXTS) is None
    (tmp_path / "a.txt").write_text("A text.")
    found = inspect_text_folder(tmp_path, "d", TEXTS)
    assert found is not None
    assert (found.task["kind"], found.examples) == ("causal_lm", 1)
    assert inspect_text_folder(tmp_path, "d", IMAGES) is None


def test_folders_of_texts_that_are_splits_are_named(tmp_path: Path) -> None:
    root = tmp_path / "d"
    for name, count in (("train", 3), ("dev", 1)):
        (root / name).mkdir(parents=True)
        for number in range(count):
            (root / name / f"{number}.txt").write_text("A text.")
    found = inspect_text_folder(root, "d", TEXTS)
    assert found is not None
    assert found.data["splits"] == {"train": "train", "validation": "dev"}
    assert (found.examples, found.train) == (4, 3)
    assert "split folders: train 3, validation 1" in found.seen
    # Folders in them are classes, and another folder beside them is no split.
    (root / "dev" / "class").mkdir()
    assert inspect_text_folder(root, "d", TEXTS) is None
    (root / "dev" / "class").rmdir()
    (root / "cats").mkdir()
    assert inspect_text_folder(root, "d", TEXTS) is None


def test_sentences_that_the_user_names_as_labels_are_to_be_written(tmp_path: Path) -> None:
    rows = [
        {"id": row, "note": f"The customer {row} asks for parcel {row}.", "reply": f"It comes on day number {row}.",
         "kind": ("late", "lost")[row % 2]}
        for row in range(12)
    ]  # fmt: skip
    found = inspect(tmp_path, rows, ("reply",))
    assert (found.task["kind"], found.data["input"], found.data["label"]) == ("causal_lm", "note", "reply")
    assert "given by --label" in found.data["// label"]
    assert 'write "kind": "summarization" in task' in found.asks[0]
    assert inspect(tmp_path, rows, ("kind",)) is None
    assert inspect(tmp_path, [{"reply": row["reply"], "n": row["id"]} for row in rows], ("reply",)) is None
