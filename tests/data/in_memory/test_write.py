"""Files whose names follow from their content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.in_memory.write import Digest, blocks, write_once, write_table
from kerastune_ft.errors import ConfigError


def digest(*values: Any) -> str:
    found = Digest()
    for value in values:
        found.add(value)
    return found.text


def test_equal_values_have_one_digest_and_others_another() -> None:
    assert digest("a", 1.5, None, b"x", {"k": [1]}) == digest("a", 1.5, None, b"x", {"k": [1]})
    different = [("ab",), ("a", "b"), (b"ab",), ("1",), (1,), (1.0,), (True,), (None,), ({"a": 1},), ({"b": 1},)]
    assert len({digest(*values) for values in different}) == len(different)


def test_an_array_of_objects_is_known_by_what_they_are() -> None:
    def write(*texts: str) -> np.ndarray:
        # Objects of their own, as another process has them.
        return np.array([text.encode() for text in texts], object)

    assert digest(write("first", "second")) == digest(write("first", "second")) != digest(write("first", "third"))


def test_an_array_is_known_by_values_shape_and_type_and_not_by_its_memory() -> None:
    values = np.arange(12, dtype=np.int16).reshape(3, 4)
    assert digest(values) == digest(np.asfortranarray(values)) == digest(np.repeat(values, 2, axis=1)[:, ::2])
    others = [values.T, values.astype(np.int32), values + 1, values[:2], np.int16(3) * np.ones((), np.int16)]
    assert len({digest(other) for other in [values, *others]}) == 6
    assert b"".join(blocks(values)) == values.tobytes()


def test_a_file_is_written_once_and_whole(tmp_path: Path) -> None:
    written: list[Path] = []

    def write(path: Path) -> None:
        written.append(path)
        path.write_text("all")

    path, is_new = write_once(tmp_path, "x", ".txt", "0123456789abcdefgh", write)
    assert (path.name, path.parent, is_new) == ("x-0123456789abcdef.txt", tmp_path / "data", True)
    assert write_once(tmp_path, "x", ".txt", "0123456789abcdefgh", write) == (path, False)
    assert len(written) == 1
    assert path.read_text() == "all"


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_once(tmp_path, "x", ".txt", "0" * 20, fail)
    assert list((tmp_path / "data").iterdir()) == []


def test_cells_that_no_table_holds_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='the column "a" cannot be written'):
        write_table({"a": ["x", 3, object()]}, tmp_path / "t.parquet")
