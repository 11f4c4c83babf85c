"""Columns beside pictures are inputs where that is clear, and the pictures alone where anything is not."""

from __future__ import annotations

import pytest

from kerastune_ft.scaffolding.sources.other_inputs import find_other_inputs

ROWS = 60
LABEL = ["cheap", "fair", "dear"]
COLUMNS = {
    "image": [f"{row}.png" for row in range(ROWS)],
    "area": [f"{30 + 1.37 * row:.2f}" for row in range(ROWS)],
    "rooms": [str(1 + row * 7 % 5) for row in range(ROWS)],
    "district": [["mill", "hill", "harbour", ""][row % 4] for row in range(ROWS)],
    "note": [f"a note of some words {row}" for row in range(ROWS)],
    "label": [LABEL[(row * row) % 3] for row in range(ROWS)],
}


def find(texts: tuple[str, ...] = ("note",), **changes: list[str]) -> object:
    columns = {**COLUMNS, **changes}
    return find_other_inputs(columns, {"image"}, ["label"], [name for name in texts if name in columns])


def test_texts_numbers_and_words_are_told_apart() -> None:
    found = find()
    assert found is not None
    assert found.to_json("image") == {  # type: ignore[attr-defined]
        "image": "image", "text": "note", "numbers": ["area", "rooms"], "words": ["district"],
    }  # fmt: skip
    assert found.reason.startswith('beside the pictures the table has texts in "note" and 2 columns of numbers')  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("class_id", [str(LABEL.index(each)) for each in COLUMNS["label"]]),
        ("price_band", [each.upper() for each in COLUMNS["label"]]),
        ("diagnosis", COLUMNS["district"]), ("patient", [str(row // 3) for row in range(ROWS)]),
        ("width", [str(200 + row) for row in range(ROWS)]),
        ("file_name", COLUMNS["image"]), ("Unnamed: 0", ["1"] * ROWS),
        ("taken_date", ["2020"] * ROWS),
        ("flag", ["0", "1"] * (ROWS // 2)), ("code", [f"x{row}" for row in range(ROWS)]),
        ("rarely", ["1.5", "2.5", ""] + [""] * (ROWS - 3)),
    ],
)  # fmt: skip
def test_one_column_that_is_unclear_leaves_the_pictures_alone(name: str, cells: list[str]) -> None:
    assert find(**{name: cells}) is None


def test_one_number_alone_is_a_fact_about_the_picture() -> None:
    columns = {name: COLUMNS[name] for name in ("image", "label", "district", "area")}
    assert find_other_inputs(columns, {"image"}, ["label"], []) is None
    assert find_other_inputs(COLUMNS, {"image"}, ["label"], ["note", "district"]) is None
