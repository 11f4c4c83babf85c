"""Texts without labels are found in folders and tables, and what is none is refused with a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.scaffolding.sources.plain_texts import PlainTexts, find_plain_texts


def _find(place: Path, column: str | None = None) -> PlainTexts:
    return find_plain_texts(str(place), column, lambda path: path.name)


def test_files_below_a_folder_are_texts(tmp_path: Path) -> None:
    for name, text in (("a/one.txt", "one two three"), ("b/two.txt", "four five six"), ("b/three.txt", " \n")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = _find(tmp_path)
    assert (found.count, found.measures.median) == (3, 3)
    assert found.data["on_missing"] == "skip", "one of them is blank"


def test_a_folder_without_texts_and_a_lone_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"holds no text \(.txt\) with anything in it; ignored files .*png"):
        _find(tmp_path)
    (tmp_path / "book.txt").write_text("a long book")
    with pytest.raises(ConfigError, match=r"give one, as a folder with this file in it, or --adapt alone"):
        _find(tmp_path / "book.txt")


def test_the_column_of_a_table_is_that_of_the_data_or_the_only_one_of_texts(tmp_path: Path) -> None:
    table = tmp_path / "more.csv"
    lines = [f"{row},the patient number {row} was given something,yes" for row in range(20)]
    table.write_text("\n".join(["id,said,ok", *lines, "21,,no"]))
    found = _find(table)
    assert found.data["input"] == "said"
    assert (found.count, found.data["on_missing"]) == (20, "skip")
    assert _find(table, "ok").data["input"] == "ok"
    with pytest.raises(ConfigError, match=r"nothing says which column of .* holds the texts: it has a, b; call it"):
        (tmp_path / "two.csv").write_text("a,b\nx,y\n")
        _find(tmp_path / "two.csv")
    (tmp_path / "empty.csv").write_text("text,other\n,1\n,2\n")
    with pytest.raises(DataError, match=r'the column "text" of .*empty.csv has no text in it'):
        _find(tmp_path / "empty.csv")
