from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.output.rows import choose_form, make_row_writer, open_whole_file

COLUMNS = ("input", "score", "error")
ROWS = [{"input": "a,b", "score": 0.25, "error": None}, {"input": "é", "score": float("nan"), "error": "is gone"}]
READ_BACK = [ROWS[0], {**ROWS[1], "score": None}]


def write_rows(form: str, rows: list[dict[str, Any]]) -> str:
    stream = io.BytesIO()
    writer = make_row_writer(form, stream, COLUMNS)
    for row in rows:
        writer.write([row])
    writer.close()
    return stream.getvalue().decode()


def test_delimited_rows_stand_under_a_header_and_quote_what_they_must() -> None:
    assert write_rows("csv", ROWS) == 'input,score,error\n"a,b",0.25,\né,,is gone\n'
    assert write_rows("tsv", ROWS).splitlines()[1] == "a,b\t0.25\t"


def test_objects_come_one_a_line_or_as_one_array() -> None:
    assert [json.loads(line) for line in write_rows("jsonl", ROWS).splitlines()] == READ_BACK
    assert json.loads(write_rows("json", ROWS)) == READ_BACK
    assert json.loads(write_rows("json", [])) == []


def test_the_name_of_a_file_says_its_form(tmp_path: Path) -> None:
    assert [choose_form(str(tmp_path / name)) for name in ("a.csv", "b.TSV", "c.jsonl")] == ["csv", "tsv", "jsonl"]


def test_a_file_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    (tmp_path / "d.csv").mkdir()
    for name, message in {
        "a.xlsx": "does not end in .csv, .tsv, .jsonl",
        "d.csv": "is a folder",
        "none/a.csv": "the folder .*none is not there",
    }.items():
        with pytest.raises(ConfigError, match=message):
            choose_form(str(tmp_path / name))


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    with pytest.raises(RuntimeError), open_whole_file(str(target)) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with open_whole_file(str(target)) as stream:
        stream.write(b"whole")
        assert not target.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert target.read_bytes() == b"whole"


def test_names_that_are_not_utf8_are_escaped_and_lose_no_row() -> None:
    rows = [{"input": "caf\udce9", "score": 1.0, "error": None}, ROWS[0]]
    assert write_rows("csv", rows).splitlines()[1:] == ["caf\\udce9,1.0,", '"a,b",0.25,']
    assert json.loads(write_rows("json", rows))[0]["input"] == "caf\udce9"


def test_a_pipe_and_a_folder_without_the_right_are_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "p.csv")
    with pytest.raises(ConfigError, match="is a pipe or device; leave --output out"):
        choose_form(str(tmp_path / "p.csv"))
    # Whoever runs the tests as root may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ConfigError, match=f"the folder {tmp_path} cannot be written to"):
        choose_form(str(tmp_path / "a.csv"))


def test_a_link_stays_one_and_the_longest_name_has_room(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "a.csv").symlink_to("elsewhere/b.csv")
    for name in ("a.csv", "x" * 251 + ".csv"):
        with open_whole_file(str(tmp_path / name)) as stream:
            stream.write(b"whole")
        assert (tmp_path / name).read_bytes() == b"whole"
    assert (tmp_path / "a.csv").is_symlink()
    assert os.listdir(tmp_path / "elsewhere") == ["b.csv"]


def test_what_fails_is_told_by_the_name_that_was_given(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"y{300}\.csv") as caught, open_whole_file(str(tmp_path / ("y" * 300 + ".csv"))):
        pass
    assert "partial" not in str(caught.value)
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match=f"{tmp_path}/a.csv"), open_whole_file(str(tmp_path / "a.csv")):
        raise full
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("p.csv", "file,label\n1.png,cat\n"),
        ("p.tsv", "file\tlabel\n"),
        ("p.csv", "file;label\n"),
        ("p.jsonl", '{"text": "a", "label": 1}\n'),
        ("p.csv", "text, label\nx\n"),
    ],
)
def test_a_table_that_holds_no_predictions_is_kept(tmp_path: Path, name: str, before: str) -> None:
    (tmp_path / name).write_text(before)
    with pytest.raises(ConfigError, match=r"is there and holds no predictions, but \w+, label; name another file"):
        choose_form(str(tmp_path / name))


def test_a_table_of_one_column_is_kept_too(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("text\na fine film\n")
    with pytest.raises(ConfigError, match="is there and holds no predictions, but text; name another file"):
        choose_form(str(tmp_path / "p.csv"))


def test_a_submission_is_replaced_by_one_of_the_same_sample(tmp_path: Path) -> None:
    (tmp_path / "sample.csv").write_text("id,label\n1,a\n2,a\n")
    sample = read_table(tmp_path / "sample.csv")
    for content, is_own in (
        ("id,label\n1,b\n2,a\n", True),
        ("id,label\n1,b\n3,c\n", False),
        ("id,x\n1,b\n2,a\n", False),
    ):
        (tmp_path / "p.csv").write_text(content)
        if is_own:
            assert choose_form(str(tmp_path / "p.csv"), sample) == "csv"
        else:
            with pytest.raises(ConfigError, match="holds no predictions"):
                choose_form(str(tmp_path / "p.csv"), sample)


def test_a_list_in_a_cell_is_json() -> None:
    rows = [{"input": "a", "score": ["x", 1, None], "error": None}]
    assert write_rows("csv", rows).splitlines()[1] == 'a,"[""x"", 1, null]",'
    assert json.loads(write_rows("jsonl", rows)) == rows[0]


@pytest.mark.parametrize(
    "before", ["", "input,label,probability,error\n", '"input";"value";"error"\n', "\ufeffinput,error"]
)
def test_earlier_predictions_may_be_replaced(tmp_path: Path, before: str) -> None:
    (tmp_path / "p.csv").write_text(before)
    assert choose_form(str(tmp_path / "p.csv")) == "csv"
    (tmp_path / "p.jsonl").write_text('{"input": "a", "value": null, "error": null}\n')
    assert choose_form(str(tmp_path / "p.jsonl")) == "jsonl"
