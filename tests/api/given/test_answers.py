"""Answers fit what was given: its index, and the type of its labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerastune_ft.api.given.answers import build_answers, give_labels_back

ROWS = [{"input": str(row), "label": name, "error": None} for row, name in enumerate("010")]
COLUMNS = ("input", "label", "error")
FRAME = pd.DataFrame({"text": ["a", "b", "c"]}, index=[7, 3, 7])


@pytest.mark.parametrize("inputs", [FRAME, FRAME["text"]])
def test_the_index_is_that_of_the_inputs(inputs: Any) -> None:
    answers = build_answers(ROWS, COLUMNS, inputs)
    assert answers.index.tolist() == [7, 3, 7]
    assert answers["label"].tolist() == ["0", "1", "0"]


@pytest.mark.parametrize("inputs", ["photos", ["a", "b", "c"], np.zeros(3), FRAME.head(2)])
def test_other_answers_are_counted(inputs: Any) -> None:
    assert build_answers(ROWS, COLUMNS, inputs).index.tolist() == [0, 1, 2]


def test_the_column_that_is_the_input_is_not_there_twice() -> None:
    rows = [{"input": text, "text": text, "note": text.upper(), "label": "0"} for text in "abc"]
    columns = ("input", "text", "note", "label")
    frame = FRAME.assign(note=["A", "B", "C"])
    assert list(build_answers(rows, columns, frame)) == ["input", "note", "label"]
    # What differs in any row stays: nothing is lost.
    blank = [{**rows[0], "input": "row 1", "text": ""}, *rows[1:]]
    assert list(build_answers(blank, columns, frame)) == list(columns)
    assert list(build_answers(rows, columns, None)) == list(columns)


def test_a_named_level_is_no_column_besides() -> None:
    rows = [{**row, "id": f"{place}"} for place, row in enumerate(ROWS)]
    named = FRAME.set_axis(pd.Index(["x", "y", "z"], name="id"))
    answers = build_answers(rows, ("input", "id", "label", "error"), named)
    assert list(answers.reset_index()) == ["id", "input", "label", "error"]
    # A column of the frame itself stays one.
    both = build_answers(rows, ("input", "id", "label", "error"), named.assign(id=1))
    assert list(both) == ["input", "id", "label", "error"]


@pytest.mark.parametrize(
    ("stored_type", "classes", "expected"),
    [("int", "01", [0, 1, 0]), ("float", "01", [0.0, 1.0, 0.0]), ("bool", "01", [False, True, False])],
)
def test_labels_come_back_in_their_type(stored_type: str, classes: str, expected: list[Any]) -> None:
    answers = give_labels_back(build_answers(ROWS, COLUMNS, FRAME), stored_type, tuple(classes))
    assert answers["label"].dtype == np.array(expected).dtype
    assert (answers["label"] == pd.Series(expected, index=FRAME.index)).all()
    assert answers["input"].tolist() == ["0", "1", "2"]


def test_names_of_true_and_false_are_read() -> None:
    frame = pd.DataFrame({"label": ["True", "False"], "label_2": ["False", "True"]})
    answers = give_labels_back(frame, "bool", ("False", "True"))
    assert answers["label"].tolist() == [True, False]
    assert answers["label_2"].tolist() == [False, True]


@pytest.mark.parametrize(("stored_type", "classes"), [(None, ("0", "1")), ("int", ("0", "cat")), ("bool", ("0", "2"))])
def test_words_stay_words(stored_type: str | None, classes: tuple[str, ...]) -> None:
    answers = build_answers(ROWS, COLUMNS, None)
    assert give_labels_back(answers, stored_type, classes)["label"].tolist() == ["0", "1", "0"]


def test_rows_without_a_class_leave_the_others_whole_numbers() -> None:
    frame = pd.DataFrame({"label": ["1", None, "unknown", "0"]}, dtype=object)
    found = give_labels_back(frame, "int", ("0", "1"))["label"].tolist()
    assert found == [1, None, "unknown", 0]
    assert isinstance(found[0], int)


def test_files_in_cells_are_named_by_the_index_and_texts_stay() -> None:
    rows = [{"input": "row 1", "label": "a"}, {"input": "row 2", "label": "b"}]
    pictures = pd.DataFrame({"image": [b"1", b"2"]}, index=["left", "right"])
    assert build_answers(rows, ["input", "label"], pictures)["input"].tolist() == ["left", "right"]
    texts = pd.DataFrame({"text": ["row 1", "row 2"]}, index=["left", "right"])
    assert build_answers(rows, ["input", "label"], texts)["input"].tolist() == ["row 1", "row 2"]
