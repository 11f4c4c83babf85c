from __future__ import annotations

import contextlib
import json
import os
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


def read(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("first", [None, []], ids=["a new folder", "another check in it"])
def test_killed_anywhere_the_same_check_goes_well_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: list[dict[str, str]] | None
) -> None:
    for number in range(9):
        folder = tmp_path / str(number)
        if first is not None:
            write_check(folder, {}, "", first)
        kills = Kills(number)
        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            patch.setattr("os.replace", kills.replace)
            write_check(folder, {}, "<p>", ROWS)
        is_whole = kills.left > 0
        # Killed a second time, at another place.
        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            patch.setattr("os.replace", Kills(0).replace)
            write_check(folder, {}, "<p>", ROWS)
        check_folder(folder)
        assert write_check(folder, {}, "<p>", ROWS) == folder / "exclude.csv"
        names = {name: content for name, content in read(folder).items() if not name.startswith(".partial-")}
        expected = read(tmp_path / "0") if number else names
        assert names == {name: content for name, content in expected.items() if not name.startswith(".partial-")}
        assert set(names) == {"exclude.csv", "findings.json", "index.html"}
    assert is_whole, "not every file was a moment to be killed at"


class Kills:
    """Ends what is running in place of the renaming of one of its files."""

    def __init__(self, left: int) -> None:
        self.left, self._replace = left, os.replace

    def replace(self, source: str, target: str) -> None:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        self._replace(source, target)


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
