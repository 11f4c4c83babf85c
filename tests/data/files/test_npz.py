from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.data.files.npz import ArrayFile, find_example_shape
from kerastune_ft.errors import DataError


def test_an_array_is_unpacked_once_and_mapped(tmp_path: Path) -> None:
    path, said = tmp_path / "a.npz", list[str]()
    np.savez_compressed(path, x=np.arange(6), y=np.ones(2))
    for _ in range(2):
        file = ArrayFile(path, tmp_path / "cache", said.append)
        found = file.array("x", "x")
        assert isinstance(found, np.memmap)
        assert found.tolist() == list(range(6))
        assert file.has("y")
        assert not file.has("z")
    assert said == ["unpacking 'x' of a.npz into the cache, once"]


def test_other_content_under_the_same_name_is_unpacked_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    for value in (1, 2):
        np.savez(path, x=np.full(3, value))
        assert ArrayFile(path, tmp_path / "cache", print).array("x", "x").tolist() == [value] * 3


def test_what_cannot_be_read_says_what_to_write(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(3), pickled=np.array([{}, 1], object))
    file = ArrayFile(path, tmp_path / "cache", print)
    with pytest.raises(DataError, match=r"data.y: .* has no array 'z'; it has x, pickled"):
        file.array("z", "y")
    with pytest.raises(DataError, match=r"data.x: 'pickled' in .*\nPickled objects are not loaded"):
        file.array("pickled", "x")
    path.write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"is no readable \.npz file"):
        ArrayFile(path, tmp_path / "cache", print).array("x", "x")


def test_the_shape_of_an_example_is_known_where_the_file_is_here(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 8, 9)), y=np.zeros(4))
    (tmp_path / "b.npz").write_bytes(b"PK nothing")
    shapes = {
        name: find_example_shape(ArraysData.model_construct(path=str(tmp_path / f"{name}.npz"), x="x"))
        for name in ("a", "b", "absent")
    }
    assert shapes == {"a": [8, 9], "b": None, "absent": None}
    assert find_example_shape(ArraysData.model_construct(path="gs://place/a.npz", x="x")) is None
    assert find_example_shape(None) is None
