from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.in_memory.collect import collect
from kerastune_ft.data.in_memory.written_names import is_of_list, is_written, shorten_data_name


def test_what_is_written_is_known_by_its_name(tmp_path: Path) -> None:
    import pandas

    table = collect(pandas.DataFrame({"text": ["a b", "c d"], "kind": ["x", "y"]}), "kind").write(tmp_path).path.name
    texts = collect(["a b", "c d"], ["x", "y"]).write(tmp_path).path.name
    assert is_written(table) and not is_of_list(table)
    assert is_written(texts) and is_of_list(texts)
    assert shorten_data_name(table).startswith("DataFrame ") and len(shorten_data_name(table)) == 14


@pytest.mark.parametrize(
    "name", ["photos", "photos-1.parquet", "table-0123456789abcdef.csv", "a-b-0123456789abcdef.npz"]
)
def test_other_names_stay(name: str) -> None:
    assert not is_written(name) and not is_of_list(name) and shorten_data_name(name) == name
