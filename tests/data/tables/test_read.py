from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import write
from tests.support.table_files import format_delimited


def _read(folder: Path, name: str, content: bytes | str) -> dict[str, list[str]]:
    frame = read_table(write(folder / name, content if isinstance(content, bytes) else content.encode()))
    return {column: frame.texts(column, "data.label") for column in frame.columns}


def test_all_cells_are_texts(tmp_path: Path) -> None:
    assert _read(tmp_path, "a.csv", "id,label,size\n007,NA, 1.50 \n008,None,nan\n009,,1e3\n") == {
        "id": ["007", "008", "009"],
        "label": ["NA", "None", ""],
        "size": ["1.50", "nan", "1e3"],
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"id,label\n007,\xc3\xa9\n"),
        ("a.CSV", b"id,label\r\n007,\xc3\xa9\r\n"),
        ("a.csv", b"\xef\xbb\xbfid,label\n007,\xc3\xa9\n"),
        ("a.csv", b" id , label \n007 , \xc3\xa9 \n,\n"),
        ("a.csv", b"id;label\n007;\xc3\xa9\n"),
        ("a.csv", b'\xef\xbb\xbf"id";"label"\n"007";"\xc3\xa9"\n'),
        ("a.csv", b"id\tlabel\n007\t\xc3\xa9\n"),
        ("a.csv", b"id,label,,\n007,\xc3\xa9,,\n"),
        ("a.csv", b"id,label\n007,\xc3\xa9,,\n"),
        ("a.tsv", b"id\tlabel\n007\t\xc3\xa9"),
        ("a.tsv", b"id,label\n007,\xc3\xa9"),
        ("a.tab", b"id\tlabel\n007\t\xc3\xa9"),
        ("a.csv.gz", gzip.compress(b"id,label\n007,\xc3\xa9\n", mtime=0)),
        ("a.tsv.gz", gzip.compress(b"id\tlabel\n007\t\xc3\xa9\n", mtime=0)),
        ("a.jsonl", b'{"id": "007", "label": "\xc3\xa9"}\n'),
        ("a.jsonl", b'\xef\xbb\xbf{"id": "007", "label": "\\u00e9"}\r\n\r\n'),
        ("a.ndjson", b'{"label": "\xc3\xa9", "id": "007"}'),
        ("a.jsonl.gz", gzip.compress(b'{"id": "007", "label": "\xc3\xa9"}\n', mtime=0)),
    ],
)
def test_one_table_in_many_files(tmp_path: Path, name: str, content: bytes) -> None:
    assert _read(tmp_path, name, content) == {"id": ["007"], "label": ["é"]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "id;label\n1;a,b\n2;c\n", ("a.csv: semicolons separate its cells",)),
        ("a.csv", "id|label\n1|x\n", ("a.csv: bars separate its cells",)),
        ("a.csv", 'id,"x;y;z"\n1,2\n', ()),
        ("a.csv", "findings\na;b\nc;d\n", ()),
        ("a.tsv", "id,label\n1,2\n", ("a.tsv: commas separate its cells",)),
    ],
)
def test_an_unusual_separator_is_found_and_said(tmp_path: Path, name: str, content: str, said: tuple[str, ...]) -> None:
    assert read_table(write(tmp_path / name, content.encode())).notes == said


def test_typed_cells_read_as_a_person_writes_them(tmp_path: Path) -> None:
    content = "\n".join(
        json.dumps({"x": value}) for value in (7, 7.0, 0.1, True, False, None, 1e300, "7.0", " a ", float("nan"))
    )
    assert _read(tmp_path, "a.jsonl", content + '\n{"y": 1}')["x"] == [
        "7", "7", "0.1", "1", "0", "", str(int(1e300)), "7.0", "a", "", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", r"a\.csv is empty"),
        ("a.csv", b" \n", r"a\.csv is empty"),
        ("a.csv", b"id,label\n", "has a header and no rows"),
        ("a.csv", b"\nid,label\n1,2\n", r"row 1 of .*a\.csv is empty"),
        ("a.csv", b"id,label\n1,2\n3,4,5\n", "row 3 of .* has 3 cells, and the header has 2: 3, 4, 5\\.\nPut quotes"),
        ("a.csv", b"id,label\n1,2\n3\n", "row 3 of .* has 1 cell, and the header has 2: 3\\.\nComplete the row"),
        ("a.csv", b"id,label,id\n1,2,3\n", '"id" names the columns 1, 3'),
        ("a.csv", b'id,label\n1,"2\n3,4\n', r"row 2 \(line 2\) has a quote that is not closed"),
        ("a.csv", b'id,label\n1,"2"3\n', r"row 2 \(line 2\) has "),
        ("a.csv", "id,label\n1,ü\n".encode("latin-1"), 'line 2 has the byte 0xfc in "1,ü"(.|\n)*iconv -f'),
        ("a.csv", "id,label\n1,2\n".encode("utf-16"), r"UTF-16(.|\n)*Save it again as CSV UTF-8"),
        ("a.csv", b"id,label\n" + b"1,2\n" * 300 + b"1,\0\n", "line 302 has a zero byte"),
        ("a.csv.gz", b"id,label\n1,2\n", "cannot be read: Not a gzipped file"),
        ("a.csv.gz", gzip.compress(b"id,label\n1,2\n", mtime=0)[:-9], "cannot be read"),
        ("a.jsonl", b'[{"a": 1}]', "one JSON array. Write one object per line"),
        ("a.jsonl", b'{"a": 1}\n{"a":\n', "line 2 of .* is no JSON"),
        ("a.jsonl", b'{"a": 1}\n{"a": "\xfc"}\n', "line 2 of .* is not UTF-8"),
        ("a.jsonl", b'{"a": 1}\n3\n', "line 2 of .* is no JSON object"),
        ("a.parquet", b"PAR1", "is no Parquet file that can be read"),
    ],
)
def test_damaged_tables_are_named_with_the_place(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_table(write(tmp_path / name, content))


def test_a_table_that_is_not_there_has_a_nearest_name(tmp_path: Path) -> None:
    write(tmp_path / "cases.csv", b"a\n1\n")
    with pytest.raises(DataError, match=r'case\.csv is not there; did you mean ".*/cases\.csv"'):
        read_table(tmp_path / "case.csv")
    write(tmp_path / "schema.json", b"{}")
    with pytest.raises(
        DataError, match=r"nosuch\.csv is not there\. Give a CSV.* The tables in its folder are cases\.csv"
    ):
        read_table(tmp_path / "nosuch.csv")
    with pytest.raises(DataError, match="is not there, nor is the folder"):
        read_table(tmp_path / "gone" / "case.csv")
    with pytest.raises(DataError, match=r"is a folder(.|\n)*The tables in it are cases\.csv"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("name", "remedy"), [("a.xls", "CSV UTF-8"), ("a.json", "one object per line"), ("a", "save it as CSV")]
)
def test_other_files_are_refused_with_the_remedy(tmp_path: Path, name: str, remedy: str) -> None:
    path = write(tmp_path / name, b"x")
    assert not is_table(path)
    with pytest.raises(ConfigError, match=remedy):
        read_table(path)


def test_a_hundred_thousand_rows_are_read(tmp_path: Path) -> None:
    rows = [[f"{number:06d}", "x", "y", "z"] for number in range(100_000)]
    frame = read_table(write(tmp_path / "a.csv", format_delimited(["a", "b", "c", "d"], rows)))
    assert frame.texts("a", "data.input")[-1] == "099999"
    assert frame.name_row(99_999) == "row 100001"
