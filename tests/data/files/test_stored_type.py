"""The type of labels in files that keep types."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerastune_ft.data.files.stored_type import find_stored_type

TYPES: list[tuple[list[Any], str | None]] = [
    ([1, 0], "int"), ([True, False], "bool"), ([0.5, 1.0], "float"), (["007", "1"], None),
]  # fmt: skip


@pytest.mark.parametrize(("labels", "expected"), TYPES)
def test_parquet_and_arrays_keep_types(labels: list[Any], expected: str | None, tmp_path: Path) -> None:
    pd.DataFrame({"y": labels}).to_parquet(tmp_path / "a.parquet")
    np.savez(tmp_path / "a.npz", x=np.zeros(2), y=np.array(labels))
    assert find_stored_type(SimpleNamespace(path=str(tmp_path / "a.parquet"), label="y")) == expected
    assert find_stored_type(SimpleNamespace(path=str(tmp_path / "a.npz"), y="y")) == expected


OTHERS: list[dict[str, Any]] = [
    {"path": "a.csv", "label": "y"},
    {"path": "no.parquet", "label": "y"},
    {"path": "a.parquet", "label": ["y", "z"]},
    {"path": "gs://b/a.npz", "y": "y"},
    {"name": "x"},
]


@pytest.mark.parametrize("data", OTHERS)
def test_nothing_else_has_a_type(data: dict[str, Any]) -> None:
    assert find_stored_type(SimpleNamespace(**data)) is None


def test_several_columns_or_none_have_no_type(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y=np.zeros((2, 2)))
    (tmp_path / "b.npz").write_bytes(b"PK broken")
    np.savez_compressed(tmp_path / "c.npz", y=np.arange(1000))
    content = bytearray((tmp_path / "c.npz").read_bytes())
    # Compressed content, behind the name of the member, that cannot be unpacked.
    content[64:200] = b"\xff" * 136
    (tmp_path / "c.npz").write_bytes(content)
    for name, column in (("a", "y"), ("a", "z"), ("b", "y"), ("c", "y")):
        assert find_stored_type(SimpleNamespace(path=str(tmp_path / f"{name}.npz"), y=column)) is None
