from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.data.exclude import Exclusion
from kerastune_ft.errors import ConfigError
from kerastune_ft.inspection.files import check_folder, choose_list, keep_earlier_rows, write_check

ROWS = [{"input": 'a, "b".png', "reason": "copy of c.png", "content": "00ff"}]


def test_the_list_is_one_that_data_exclude_takes(tmp_path: Path) -> None:
    file = write_check(tmp_path / "check", {"name": "x"}, "<p>", ROWS)
    assert Exclusion.read(str(file)).contents == {'a, "b".png': "00ff"}
    assert (tmp_path / "check" / "index.html").read_text() == "<p>"
    assert json.loads((tmp_path / "check" / "findings.json").read_text())["name"] == "x"


def test_a_list_that_somebody_worked_on_is_kept(tmp_path: Path) -> None:
    file = write_check(tmp_path, {}, "", ROWS)
    # Written by a check and not changed since: it is written anew.
    assert write_check(tmp_path, {}, "", []) == file
    assert Exclusion.read(str(file)).contents == {}
    file.write_text("input\nmine.png\n")
    assert choose_list(tmp_path) == tmp_path / "exclude-new.csv"
    assert write_check(tmp_path, {}, "", ROWS) == tmp_path / "exclude-new.csv"
    assert file.read_text() == "input\nmine.png\n"
    assert write_check(tmp_path, {}, "", ROWS).name == "exclude-new.csv"


def test_what_is_left_out_already_stays_in_the_list(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text('input,reason,note\nold.png,blurred,x\n"a, ""b"".png",mine,y\n')
    kept = keep_earlier_rows(str(file), ROWS)
    assert [(row["input"], row["reason"]) for row in kept] == [("old.png", "blurred"), ('a, "b".png', "mine")]
    assert keep_earlier_rows(None, ROWS) == ROWS


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(ConfigError, match="holds something else than a check"):
        check_folder(tmp_path)
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        check_folder(tmp_path / "thesis.txt")
