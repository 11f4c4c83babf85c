"""`init` on a folder of tables that are splits, and on tables that are read as one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft import init
from kerastune_ft.config.read import read
from kerastune_ft.errors import DataError
from tests.support.dialogue_files import make_messages, write_lines
from tests.support.init_data import prose, read_written, write_image, write_table


def image_rows(first: int, last: int) -> list[dict[str, Any]]:
    for number in range(first, last):
        write_image(Path(f"d/images/{number}.png"))
    return [{"file": f"images/{number}.png", "finding": "abc"[number % 3]} for number in range(first, last)]


def test_train_validation_and_test_are_proposed_as_splits() -> None:
    write_table(Path("d/train.csv"), image_rows(0, 24))
    write_table(Path("d/val.csv"), image_rows(24, 30))
    write_table(Path("d/test.csv"), image_rows(30, 36))
    write_table(Path("d/sample_submission.csv"), [{"id": 1, "finding": "a"}])
    found = init("d")
    data = read_written("d.json")["data"]
    assert (data["path"], data["splits"]) == ("d/train.csv", {"validation": "val.csv", "test": "test.csv"})
    assert (data["input"], data["label"], found.examples) == ("file", "finding", 36)
    assert found.counts == {"a": 12, "b": 12, "c": 12}
    assert "tables as splits: train 24 rows, validation 6 rows, test 6 rows" in found.seen
    assert "not read: sample_submission.csv" in found.seen


def test_a_test_table_without_labels_is_left_for_predictions() -> None:
    write_table(Path("d/train.csv"), image_rows(0, 24))
    write_table(Path("d/test.csv"), [{"file": row["file"]} for row in image_rows(24, 30)])
    found = init("d")
    data = read_written("d.json")["data"]
    assert data["path"] == "d/train.csv" and set(data["splits"]) == {"train", "validation", "test"}
    assert any("test.csv has no column" in note and "predict RUN test.csv" in note for note in found.seen)


def test_parts_of_a_table_are_of_one_split() -> None:
    texts = [{"text": prose(number), "label": "ab"[number % 2]} for number in range(40)]
    Path("d").mkdir()
    for name, rows in (
        ("train-00000-of-00002", texts[:16]),
        ("train-00001-of-00002", texts[16:32]),
        ("test", texts[32:]),
    ):
        Path(f"d/{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    init("d")
    data = read_written("d.json")["data"]
    assert data["path"] == "d"
    assert data["splits"] == {
        "train": ["train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl"],
        "test": "test.jsonl",
    }


def test_a_pattern_reads_tables_as_one() -> None:
    texts = [{"text": prose(number), "label": "ab"[number % 2]} for number in range(40)]
    write_table(Path("d/january.csv"), texts[:20])
    write_table(Path("d/february.csv"), texts[20:])
    with pytest.raises(DataError, match=r"several tables: february.csv, january.csv(.|\n)*'d/\*.csv'"):
        init("d")
    found = init("d/*.csv", "both.json")
    assert found.examples == 40
    assert read_written("both.json")["data"]["path"] == "d/*.csv"
    assert read("both.json").data.path.endswith("/d/*.csv")


def test_a_table_to_learn_from_brings_the_splits_beside_it() -> None:
    write_table(Path("d/train_labels.csv"), image_rows(0, 24))
    write_table(Path("d/val.csv"), image_rows(24, 30))
    write_table(Path("d/test.csv"), image_rows(30, 36))
    found = init("d/train_labels.csv", "a.json")
    data = read_written("a.json")["data"]
    assert (data["path"], data["splits"]) == ("d/train_labels.csv", {"validation": "val.csv", "test": "test.csv"})
    assert found.examples == 36
    write_table(Path("d/val.csv"), [{"file": row["file"]} for row in image_rows(24, 30)])
    write_table(Path("d/test.csv"), [{"id": 1, "finding": "a"}])
    found = init("d/train_labels.csv", "b.json")
    assert set(read_written("b.json")["data"]["splits"]) == {"train", "validation", "test"}
    assert any("val.csv has no column" in note and "predict RUN val.csv" in note for note in found.seen)
    assert 'not read: test.csv beside it, which has no column "file"' in found.seen


def test_the_tables_of_a_folder_with_one_of_labels_are_said() -> None:
    write_table(Path("d/labels.csv"), image_rows(0, 24))
    write_table(Path("d/test.csv"), image_rows(24, 30))
    assert "not read: test.csv" in init("d").seen


@pytest.mark.parametrize("filler", ["?", "a"])
def test_labels_that_are_to_be_filled_in_measure_nothing(filler: str) -> None:
    write_table(Path("d/train.csv"), image_rows(0, 24))
    write_table(Path("d/test.csv"), [{**row, "finding": filler} for row in image_rows(24, 30)])
    found = init("d")
    assert set(read_written("d.json")["data"]["splits"]) == {"train", "validation", "test"}
    assert any(f'test.csv has only "{filler}"' in note and "no labels to measure by" in note for note in found.seen)


@pytest.mark.parametrize("names", [("train", "validation", "test"), ("train", "dev", "test")])
def test_tables_of_chats_are_splits(names: tuple[str, ...]) -> None:
    Path("d").mkdir()
    for name, count in zip(names, (6, 2, 3), strict=True):
        rows = [{"messages": make_messages(f"{name} {row}?", f"It is {row}.")} for row in range(count)]
        write_lines(Path(f"d/{name}.jsonl"), rows)
    found = init("d")
    data = read_written("d.json")["data"]
    assert (data["path"], data["input"], "label" in data) == ("d/train.jsonl", "messages", False)
    assert data["splits"] == {"validation": f"{names[1]}.jsonl", "test": "test.jsonl"}
    assert (found.task, found.examples) == ("causal_lm", 11)


def test_tables_of_questions_with_answers_are_splits_but_for_those_without_answers() -> None:
    rows = [{"prompt": f"What is {row}?", "response": f"It is {row}."} for row in range(9)]
    write_table(Path("d/train.csv"), rows[:6])
    write_table(Path("d/validation.csv"), rows[6:])
    write_table(Path("d/test.csv"), [{"prompt": "What?"}])
    found = init("d")
    data = read_written("d.json")["data"]
    assert (data["input"], data["label"], data["splits"]) == ("prompt", "response", {"validation": "validation.csv"})
    assert any("test.csv has no column" in note for note in found.seen)
