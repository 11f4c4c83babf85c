from __future__ import annotations

from pathlib import Path

import pandas

from kerastune_ft.data.tables.read import read_table


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    frame = pandas.DataFrame(
        {
            "id": ["007", "008", None],
            "whole": pandas.array([7, None, 9], "Int64"),
            "gaps": [7.0, None, 9.5],
            "short": pandas.Series([0.1, 0.2, 7.0], dtype="float32"),
            "flag": [True, False, True],
            "kind": pandas.Categorical(["a", "b", "a"]),
            "raw": [b"x", b"y", b"z"],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    read = read_table(tmp_path / "a.parquet")
    assert {name: read.texts(name, "data.label") for name in frame.columns} == {
        "id": ["007", "008", ""],
        "whole": ["7", "", "9"],
        "gaps": ["7", "", "9.5"],
        "short": ["0.1", "0.2", "7"],
        "flag": ["1", "0", "1"],
        "kind": ["a", "b", "a"],
        "raw": ["x", "y", "z"],
    }
    assert read.name_row(0) == "row 1"
