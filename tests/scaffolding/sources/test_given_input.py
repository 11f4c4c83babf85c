"""Inputs whose columns the user names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.findings import DataFindings
from kerastune_ft.scaffolding.sources.tables import inspect_table
from tests.support.init_data import write_image


@pytest.fixture(autouse=True)
def table(here: Path) -> None:
    rows = "".join(f"{number},w{number % 7},some words of number {number},{'ab'[number % 2]}\n" for number in range(30))
    (here / "t.csv").write_text(f"id,word,text,label\n{rows}", encoding="utf-8")
    for number in range(30):
        write_image(here / f"pics/p{number}.png")


def inspect(given: Any) -> DataFindings:
    return inspect_table(read_table(Path("t.csv")), "t.csv", (), given=given)


def test_words_may_be_texts() -> None:
    found = inspect("word")
    assert (found.task["kind"], found.data["input"], found.data["label"]) == ("text_classification", "word", "label")


def test_two_columns_are_a_pair() -> None:
    found = inspect(("word", "text"))
    assert found.data["input"] == ["word", "text"]


def test_a_template_names_files() -> None:
    found = inspect("pics/p{id}.png")
    assert (found.task["kind"], found.data["input"], len(found.files)) == ("image_classification", "pics/p{id}.png", 30)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("wrod", ConfigError, 'data.input: t.csv has no column "wrod"; did you mean "word"'),
        ("pics/{wrod}.png", ConfigError, 'has no column "wrod"'),
        ("photos/{id}.png", DataError, r"names files, and none of them is there: photos/0.png is not there"),
    ],
)
def test_what_is_not_there_is_named(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        inspect(given)
