from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.inference.output.submission_answers import choose_answers

PETS = LabelScheme("one", ("cat", "dog"))
THREE = LabelScheme("one", ("a", "b", "c"))
DIGITS = LabelScheme("one", ("0", "1"))
TAGS = LabelScheme("several", ("late", "red"))
WIDE = LabelScheme("several", ("very late", "red"))
COUNT = LabelScheme("values", ("count",))
PLACE = LabelScheme("values", ("x", "y"))
ROW = {
    "label": "dog", "probability_cat": 0.2, "probability_dog": 0.8, "probability_0": 0.2, "probability_1": 0.8,
    "probability_a": 0.1, "probability_b": 0.2, "probability_c": 0.7, "value": 7.5, "value_x": 1.0, "value_y": 2.0,
}  # fmt: skip


def fill(
    scheme: LabelScheme, columns: dict[str, Sequence[str]], row: dict[str, Any] = ROW, positive: str | None = None
) -> dict[str, Any]:
    rows = len(next(iter(columns.values())))
    sample = TextTable(Path("s.csv"), "row", range(rows), {"id": [str(each) for each in range(rows)], **columns})
    return choose_answers(sample, "id", scheme, positive).fill(row)


@pytest.mark.parametrize(
    ("scheme", "columns", "wanted"),
    [
        (PETS, {"target": ["cat", "cat"]}, {"target": "dog"}),
        (PETS, {"target": ["", ""]}, {"target": "dog"}),
        (PETS, {"target": ["0.5", "0.5"]}, {"target": 0.8}),
        (PETS, {"target": ["0.0", "0.0"]}, {"target": 0.8}),
        (DIGITS, {"target": ["0", "0"]}, {"target": "dog"}),
        (DIGITS, {"target": ["0.5", "0"]}, {"target": 0.8}),
        (THREE, {"c": ["0"], "a": ["0"], "b": ["1"]}, {"c": 0.7, "a": 0.1, "b": 0.2}),
        (THREE, {"p_a": ["0"], "p_b": ["0"], "p_c": ["1"]}, {"p_a": 0.1, "p_b": 0.2, "p_c": 0.7}),
        (COUNT, {"n": ["0", "1.5", ""]}, {"n": 7.5}),
        (PLACE, {"y": ["0"], "x": ["0"]}, {"y": 2.0, "x": 1.0}),
    ],
)  # fmt: skip
def test_names_and_values_of_the_sample_decide(
    scheme: LabelScheme, columns: dict[str, Sequence[str]], wanted: dict[str, Any]
) -> None:
    assert fill(scheme, columns) == wanted


def test_the_probability_is_that_of_the_positive_class() -> None:
    assert fill(PETS, {"target": ["0.5"]}, positive="cat") == {"target": 0.2}


@pytest.mark.parametrize(
    ("scheme", "cells", "label", "wanted"),
    [
        (TAGS, ["late red", "red"], "late|red", "late red"),
        (TAGS, ["red", "late,red"], "late|red", "late,red"),
        (TAGS, ["red"], "late|red", "late red"),
        (WIDE, ["red|very late"], "very late|red", "very late|red"),
        (TAGS, ["red"], "", ""),
        (TAGS, ["red"], "late", "late"),
    ],
)
def test_several_labels_are_parted_as_in_the_sample(
    scheme: LabelScheme, cells: list[str], label: str, wanted: str
) -> None:
    assert fill(scheme, {"tags": cells}, {"label": label}) == {"tags": wanted}


def test_several_labels_fill_a_column_each() -> None:
    row = {"probability_late": 0.1, "probability_red": 0.9}
    assert fill(TAGS, {"red": ["0"], "late": ["0"]}, row) == {"red": 0.9, "late": 0.1}


@pytest.mark.parametrize(
    ("scheme", "columns", "message"),
    [
        (PETS, {"target": ["0", "0"]}, "target has 0; the classes are cat, dog, so target may want a class or a prob"),
        (PETS, {"target": ["bird"]}, "target has bird; the classes are cat, dog. Write a class of the run"),
        (PETS, {"target": ["1.5"]}, "target has 1.5; the classes are cat, dog"),
        (THREE, {"target": ["0.5"]}, "a probability would be that of one of them. Give a column for each class"),
        (THREE, {"a": [""], "b": [""], "lotus": [""]}, "1 of its columns is no class of the run: lotus; 1 class of"),
        (PETS, {"cat": [""], "dog": [""], "bird": [""]}, "1 of its columns is no class of the run: bird"),
        (PETS, {"cats": [""], "dog": [""]}, r'of the run: cats \(did you mean "cat"\?\); 1 class of the run has no'),
        (COUNT, {"n": ["many"]}, "its column n has many, and the run predicts numbers"),
        (COUNT, {"n": ["1"], "m": ["1"]}, "2 of its columns are no targets of the run: n, m"),
        (PLACE, {"x": ["1"]}, "1 target of the run has no column: y"),
        (TAGS, {"tags": ["blue"]}, "its column tags has blue, which are no labels of the run; they are late, red"),
        (LabelScheme("mask", ("a", "b")), {"x": ["1"]}, "a class for every pixel, which no cell of a table holds"),
    ],
)
def test_what_the_run_cannot_answer_is_refused(
    scheme: LabelScheme, columns: dict[str, Sequence[str]], message: str
) -> None:
    with pytest.raises(DataError, match=f"--submission: s.csv.*{message}"):
        fill(scheme, columns)


def test_a_sample_of_ids_alone_is_refused() -> None:
    with pytest.raises(DataError, match="has no column beside id"):
        choose_answers(TextTable(Path("s.csv"), "row", [2], {"id": ["1"]}), "id", PETS, None)
