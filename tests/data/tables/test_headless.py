from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.tables.headless import explain_headless, explain_title


def test_a_name_that_is_a_file_or_a_label_is_no_name(tmp_path: Path) -> None:
    (tmp_path / "0.png").write_bytes(b"")
    cells = explain_headless(Path("a.csv"), str(tmp_path), {"0.png": ["1.png"], "cat": ["dog"]}, ["0.png", "cat"])
    assert cells == (
        'row 1 of a.csv seems to hold an example and not the names of the columns (0.png, cat): "0.png" is a file that '
        "is there.\nWrite a first row with a name for each column, as  column1,column2"
    )
    texts = {"a film": ["good", "bad", "fine"], "cat": ["dog", "cat", "cat"]}
    assert '"cat" comes again below it' in explain_headless(Path("a.csv"), str(tmp_path), texts, texts)
    assert explain_headless(Path("a.csv"), str(tmp_path), texts, ["a film"]) == ""


@pytest.mark.parametrize(
    "cells",
    [
        {"file": ["1.png", "2.png"], "label": ["a", "b"]},
        # pandas numbers columns without names; one text may be the name of its column by chance.
        {"0": ["a", "b", "c"], "1": ["1", "1", "0"]},
        {"text": ["text", *["other"] * 300], "label": ["a", *["b"] * 300]},
        {"x.png": ["a"]},
    ],
)
def test_a_name_is_a_name(cells: dict[str, list[str]], tmp_path: Path) -> None:
    assert explain_headless(Path("a.csv"), str(tmp_path), cells, cells) == ""


def test_a_title_above_columns_that_other_marks_separate_is_seen() -> None:
    column = ["file;label", "a.png;cat", "", "b.png;dog"]
    said = explain_title(Path("a.csv"), {"Export of 2024": column})
    assert said.startswith('row 1 of a.csv has one cell, "Export of 2024", and those below it have ";" in them')
    assert explain_title(Path("a.csv"), {"a;b": column}) == ""
    assert explain_title(Path("a.csv"), {"text": ["one", "two; three"]}) == ""
    assert explain_title(Path("a.csv"), {"a": column, "b": column}) == ""
