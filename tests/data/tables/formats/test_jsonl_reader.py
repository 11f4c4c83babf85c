from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.tables.formats.jsonl_reader import read_lines
from kerastune_ft.errors import DataError

PATH = Path("a.jsonl")


def test_columns_are_the_keys_of_all_objects_and_lines_keep_their_numbers() -> None:
    table = read_lines(PATH, b'\xef\xbb\xbf{"a": 1}\n\n{"b": "x", "a": null}\n')
    assert table.columns == ["a", "b"]
    assert list(table.numbers) == [1, 3]
    assert table.texts("a", "data.input") == ["1", ""]
    assert table.texts("b", "data.input") == ["", "x"]
    assert table.name_row(1) == "line 3"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b'{"a": 1}\n{"a": ',
            r'line 2 of a.jsonl is no JSON: .*\n.*the keys of those before it \("a"\): it may be cut',
        ),
        (b'{"a', r'line 1 of a.jsonl is no JSON: .*\nWrite .* as \{"image".* or \{"prompt"'),
        (b'{"a": "\xff"}', r"line 1 of a.jsonl is not UTF-8"),
        (b"3", r"line 1 of a.jsonl is no JSON object"),
        (b'[{"a": 1},', r"The file seems to be one JSON array. Write one object per line"),
    ],
)
def test_a_broken_line_is_named_with_what_to_write(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_lines(PATH, content)
