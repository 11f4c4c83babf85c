from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from kerastune_ft.data.byte_cells import find_input_files, holds_bytes, unpack_cells
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import DataError

PICTURES = [b"\xff\xd8one", b"\x89PNG two", b"\xff\xd8one", b"GIF\x00three"]


def write(path: Path, cells: Sequence[Any]) -> Any:
    pyarrow.parquet.write_table(pyarrow.table({"image": cells, "label": list("abab")}), path)
    return read_table(path)


@pytest.mark.parametrize(
    ("cells", "are_files"),
    [
        ([None, b"\xff\xd8"], True),
        ([b"\x00\x01"], True),
        ([b"1.png"], False),
        ([{"bytes": b"x", "path": None}], True),
        ([{"bytes": None, "path": "1.png"}], True),
        ([{"x": 1, "bytes": b""}], False),
        (["1.png"], False),
        ([None], False),
        ([], False),
    ],
)
def test_cells_that_are_files_are_known_by_the_first(cells: list[Any], are_files: bool) -> None:
    assert holds_bytes(cells) == are_files


def test_bytes_become_files_once(tmp_path: Path) -> None:
    table, said = write(tmp_path / "a.parquet", PICTURES), list[str]()
    for _ in range(2):
        found = unpack_cells(table, "image", IMAGES, tmp_path / "cache", said.append)
    assert [Path(path).read_bytes() for path in found.paths] == PICTURES
    assert Path(found.paths[1]).name == hashlib.sha256(PICTURES[1]).hexdigest()
    assert found.keys == ["row 1", "row 2", "row 3", "row 4"]
    assert said == ["unpacking 3 images of a.parquet into the cache, once"]


def test_objects_of_bytes_and_path_are_named_by_a_path_of_their_own(tmp_path: Path) -> None:
    paths = ["cat.jpg", None, "dog.jpg", "dog.jpg"]
    cells = [{"bytes": content, "path": path} for content, path in zip(PICTURES, paths, strict=True)]
    cells[1] = {"bytes": None, "path": None}
    found = find_input_files(write(tmp_path / "a.parquet", cells), "image", IMAGES, tmp_path / "cache", print)
    assert found.keys == ["cat.jpg", "row 2", "row 3", "row 4"]
    assert found.names == ["row 1: cat.jpg", "row 2", "row 3: dog.jpg", "row 4: dog.jpg"]
    assert found.paths[1] == ""


def test_a_path_without_bytes_is_a_file_beside_the_table(tmp_path: Path) -> None:
    cells = [{"bytes": None, "path": f"{name}.png"} for name in "abcd"]
    found = find_input_files(write(tmp_path / "a.parquet", cells), "image", IMAGES, tmp_path / "cache", print)
    assert found.paths == [str(tmp_path / f"{name}.png") for name in "abcd"]


def test_a_column_of_names_is_read_as_ever(tmp_path: Path) -> None:
    found = find_input_files(write(tmp_path / "a.parquet", list("abcd")), "image", IMAGES, tmp_path / "cache", print)
    assert found.paths == [str(tmp_path / name) for name in "abcd"]


def test_other_things_among_the_bytes_are_named_by_their_row() -> None:
    class Table:
        path, place, numbers, folder = Path("a.parquet"), "row", [1, 2], "."
        cells = {"image": [{"bytes": b"\xff", "path": None}, {"bytes": "text", "path": None}]}  # noqa: RUF012

        def name_row(self, row: int) -> str:
            return f"row {row + 1}"

    table: Any = Table()
    with pytest.raises(DataError, match=r'data.input: the column "image" of a.parquet holds files, and .* in row 2'):
        unpack_cells(table, "image", IMAGES, Path("cache"), print)
