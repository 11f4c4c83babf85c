from __future__ import annotations

from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from kerastune_ft.data.files.find import IMAGES, SOUNDS, FileKind
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.scaffolding.sources.byte_columns import find_byte_files
from tests.support.sound_files import tone, wav
from tests.support.trained_runs import encode_image, pixels


@pytest.mark.parametrize(
    ("contents", "kind"),
    [
        ([encode_image(pixels(number, 8, 8)) for number in (1, 2, 2)], IMAGES),
        ([wav(tone(400 * number, 0.05)) for number in (1, 2, 2)], SOUNDS),
    ],
)
def test_the_kind_of_the_cells_is_told_by_their_content(tmp_path: Path, contents: list[bytes], kind: FileKind) -> None:
    cells = [{"bytes": content, "path": None} for content in contents] + [None]
    pyarrow.parquet.write_table(pyarrow.table({"label": list("abab"), "file": cells}), tmp_path / "a.parquet")
    found = find_byte_files(read_table(tmp_path / "a.parquet"), tmp_path / "cache", lambda line: None)
    assert found is not None
    assert (found.kind, found.input, found.missing) == (kind, "file", 1)
    assert sorted(map(len, found.rows.values())) == [1, 2]


def test_other_tables_have_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file,label\n1.png,a\n")
    assert find_byte_files(read_table(tmp_path / "a.csv"), tmp_path, lambda line: None) is None
