from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from kerastune_ft.inference.items import Item, Listing
from kerastune_ft.inference.output.own_columns import OwnColumns, to_plain

COLUMNS = ("input", "label", "probability", "error")


def make_listing(own: Mapping[str, Sequence[Any]], *names: str) -> Listing:
    return Listing([Item(name) for name in names], len(names), own=own)


def join_all(*listings: Listing) -> tuple[OwnColumns, list[dict[str, Any]]]:
    own = OwnColumns(listings, COLUMNS)
    # Items are read ahead of their rows.
    items = list(own.items())
    rows = [{"input": item.name, "label": "cat", "probability": 0.5, "error": None} for item in items]
    return own, [own.join(row) for row in rows]


def test_the_cells_of_a_table_stand_behind_the_input_as_they_are() -> None:
    own, rows = join_all(make_listing({"id": ["007", "8"], "age": ["1.50", ""]}, "a", "b"))
    assert own.columns == ("input", "id", "age", "label", "probability", "error")
    assert [list(row.values()) for row in rows] == [
        ["a", "007", "1.50", "cat", 0.5, None],
        ["b", "8", "", "cat", 0.5, None],
    ]
    assert own.notes == []


def test_a_column_named_like_one_of_predictions_is_renamed_and_said() -> None:
    own, rows = join_all(make_listing({"label": ["dog"], "table_label": ["x"], "error": ["e"]}, "a"))
    assert own.columns == (
        "input", "table_table_label", "table_label", "table_error", "label", "probability", "error",
    )  # fmt: skip
    assert rows[0] == {
        "input": "a", "table_table_label": "dog", "table_label": "x", "table_error": "e", "label": "cat",
        "probability": 0.5, "error": None,
    }  # fmt: skip
    assert own.notes[0] == ("the column label is written as table_table_label, since label is a column of predictions")


def test_inputs_without_a_column_have_nothing_there() -> None:
    own, rows = join_all(make_listing({"id": ["1"]}, "a"), make_listing({}, "b"), make_listing({"z": [2]}, "c"))
    assert own.columns[:3] == ("input", "id", "z")
    assert [(row["id"], row["z"]) for row in rows] == [("1", None), (None, None), (None, 2)]


def test_a_listing_of_unknown_length_keeps_the_rows_of_the_next_in_step() -> None:
    lines = Listing((Item(name) for name in ("x", "y")), None)
    _, rows = join_all(lines, make_listing({"id": ["1", "2"]}, "a", "b"))
    assert [(row["input"], row["id"]) for row in rows] == [("x", None), ("y", None), ("a", "1"), ("b", "2")]


def test_a_column_of_files_is_left_out_and_said() -> None:
    own, _ = join_all(make_listing({"image": [b"\x89PNG\0"], "id": ["1"]}, "a"))
    assert own.columns[1:2] == ("id",)
    assert own.notes == ["the column image holds files, and is not among the predictions"]


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (np.float32(0.5), 0.5), (np.int64(3), 3), (True, True), (float("nan"), None), (None, None), (b"abc", "abc"),
        ({"a": [np.nan, (1, 2)]}, {"a": [None, [1, 2]]}), (datetime.date(2024, 1, 2), "2024-01-02"),
    ],
)  # fmt: skip
def test_cells_become_what_json_has(cell: Any, plain: Any) -> None:
    assert to_plain(cell) == plain
    assert type(to_plain(cell)) is type(plain)
