"""Columns and arrays that become files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerastune_ft.data.in_memory.parts import Arrays, Columns
from kerastune_ft.data.tables.read import read_table


def test_columns_become_a_table_that_says_the_same(tmp_path: Path) -> None:
    parts = Columns("t", {"id": ["007", None], "value": [0.1, None]}, input="id", label=("value",))
    found = parts.write(tmp_path)
    assert (found.name, found.input, found.label, found.is_new) == ("t", "id", ("value",), True)
    table = read_table(found.path)
    assert (table.texts("id", ""), table.texts("value", "")) == (["007", ""], ["0.1", ""])
    assert parts.write(tmp_path).is_new is False


def test_a_change_gives_another_file(tmp_path: Path) -> None:
    paths = {
        Columns("t", cells).write(tmp_path).path
        for cells in ({"a": ["1"]}, {"a": ["2"]}, {"b": ["1"]}, {"a": ["1"], "b": ["1"]})
    }
    assert len(paths) == 4


def test_arrays_become_a_file_that_says_the_same(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).random((4, 3, 3)).astype(np.float32), np.array(["a", "b", "a", "b"])
    found = Arrays("arrays", {"x": x, "y": y, "file": y}).write(tmp_path)
    with np.load(found.path) as written:
        assert np.array_equal(written["x"], x) and written["x"].dtype == np.float32
        assert written["y"].tolist() == written["file"].tolist() == y.tolist()
    assert Arrays("arrays", {"x": x, "y": y[::-1]}).write(tmp_path).path != found.path
