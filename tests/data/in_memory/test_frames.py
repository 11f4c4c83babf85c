"""DataFrames as tables, cell by cell."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerastune_ft.data.in_memory.frames import as_frame, collect_frame, is_frame
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def texts(series: Any) -> list[str]:
    """The texts of a column after a way through a file."""
    table = read_table(collect_frame(pd.DataFrame({"c": series}), None, several=False).write(".").path)
    return table.texts("c", "data")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["007", None, "é\U0001f600"], ["007", "", "é\U0001f600"]),
        ([1.0, np.nan, 3.0], ["1", "", "3"]),
        (np.array([0.1, 2.5], np.float32), ["0.1", "2.5"]),
        (pd.array([1, None], dtype="Int64"), ["1", ""]),
        (pd.array(["a", None], dtype="string"), ["a", ""]),
        (pd.Categorical(["x", None, "y"]), ["x", "", "y"]),
        (pd.Categorical([3, 5]), ["3", "5"]),
        ([True, False], ["1", "0"]),
        (np.array([2**62, 1]), [str(2**62), "1"]),
        ([decimal.Decimal("1.10"), None], ["1.10", ""]),
        ([datetime.date(2020, 1, 2)], ["2020-01-02"]),
        (pd.to_datetime(["2020-01-02", None]), ["2020-01-02 00:00:00", ""]),
        (pd.arrays.SparseArray([1, 0]), ["1", "0"]),
    ],
)
def test_cells_keep_their_text(cells: Any, expected: list[str]) -> None:
    assert texts(cells) == expected


def test_words_and_numbers_together_are_words_and_said() -> None:
    found = collect_frame(pd.DataFrame({"c": ["a", 1, 2.5]}), None, several=False)
    assert (found.cells["c"], found.notes) == (
        ["a", "1", "2.5"],
        ('the column "c" holds words and numbers, which are read as words',),
    )


def test_objects_are_left_out_and_said() -> None:
    found = collect_frame(pd.DataFrame({"c": [object()], "d": ["x"]}), None, several=False)
    assert (list(found.cells), found.notes) == (["d"], ('the column "c" is left out: it holds objects (object)',))


def test_pictures_bytes_lists_and_files_are_cells(here: Path) -> None:
    (here / "a.png").write_bytes(b"")
    frame = pd.DataFrame({
        "picture": [Image.new("L", (2, 2))], "array": [np.zeros((2, 2), np.uint8)], "bytes": [b"\xff\0"],
        "labels": [["a", "b"]], "set": [{"d", "c"}], "file": ["a.png"], "path": [Path("a.png")],
        "hub": [{"bytes": None, "path": "a.png"}], "sound": [{"array": np.zeros(4), "sampling_rate": 8000}],
    })  # fmt: skip
    found = collect_frame(frame, None, several=False).cells
    assert found["picture"][0][:4] == found["array"][0][:4] == b"\x89PNG"
    assert found["bytes"] == [b"\xff\0"]
    assert (found["labels"], found["set"]) == ([["a", "b"]], [["c", "d"]])
    assert found["file"] == found["path"] == [str(here / "a.png")]
    assert found["hub"] == [{"bytes": None, "path": str(here / "a.png")}]
    assert found["sound"][0][:4] == b"RIFF"


def test_names_of_files_elsewhere_stay_and_are_said() -> None:
    found = collect_frame(pd.DataFrame({"file": ["1.jpg", "2.jpg"]}), None, several=False)
    assert found.cells["file"] == ["1.jpg", "2.jpg"]
    assert '{"path": df, "input": "photos/{file}"}' in found.notes[0]


def test_the_index_counts_where_it_has_a_name() -> None:
    frame = pd.DataFrame({"c": ["x", "y"]}, index=[7, 7])
    assert list(collect_frame(frame, None, several=False).cells) == ["c"]
    frame.index.name = "id"
    assert collect_frame(frame, None, several=False).cells["id"] == [7, 7]


def test_numbers_may_name_columns() -> None:
    assert list(collect_frame(pd.DataFrame([["x", 1]]), None, several=False).cells) == ["0", "1"]


def test_labels_are_columns_or_values() -> None:
    frame = pd.DataFrame({"text": ["x", "y"], "label": ["p", "q"], "b": [0, 1]})
    assert collect_frame(frame, "label", several=False).label == ("label",)
    assert collect_frame(frame, ["label", "b"], several=False).label == ("label", "b")
    found = collect_frame(frame, ["u", "v"], several=False)
    assert (found.label, found.cells["label_"]) == (("label_",), ["u", "v"])
    assert collect_frame(frame, frame["b"] + 1, several=False).cells["label_"] == [1, 2]


class Table:
    """A table of another library."""

    def to_pandas(self) -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})


def test_tables_of_other_libraries_become_frames() -> None:
    assert is_frame(Table()) and is_frame(pd.DataFrame()) and not is_frame({"a": [1]})
    assert as_frame(Table()).equals(pd.DataFrame({"a": [1]}))


@pytest.mark.parametrize(
    ("frame", "label", "error", "message"),
    [
        (pd.DataFrame({"a": []}), None, DataError, "has 0 rows and 1 column"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), None, ConfigError, "same name: a"),
        (
            pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
            None,
            ConfigError,
            "levels",
        ),
        (pd.DataFrame({"a": [1, 2]}), pd.Series([1, 2], index=[1, 0]), ConfigError, r"another index.*to_numpy\(\)"),
        (pd.DataFrame({"a": [1, 2]}), [1, 2, 3], DataError, "3 labels for 2 rows"),
    ],
)
def test_what_is_no_table_is_refused(frame: Any, label: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        collect_frame(frame, label, several=False)
