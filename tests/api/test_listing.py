"""The runs of a directory as a list that prints as a table."""

from __future__ import annotations

from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.rundir import RunDirectory


def test_runs_are_rows_and_a_table(tmp_path: Path) -> None:
    assert repr(kt.runs(tmp_path)) == f"no run in {tmp_path}"
    target = RunDirectory(tmp_path / "tiny-1")
    target.commit_json("config.json", {})
    target.update_manifest(state="interrupted", phase="head", epoch=2)
    (row,) = kt.runs(tmp_path)
    assert (row["state"], row["epoch"]) == ("interrupted", 2)
    assert "tiny-1" in repr(kt.runs(tmp_path)) and "tiny-1" in kt.runs(tmp_path)._repr_html_()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(kt.ConfigError, match="is no directory"):
        kt.runs(tmp_path / "none")


def test_origins_print_as_a_table_and_stay_objects() -> None:
    origins = kt.explain("medical", ["seed=3"])
    lines = repr(origins).splitlines()
    assert lines[0].split() == ["path", "value", "from"]
    assert any(line.split() == ["seed", "3", "--set"] for line in lines)
    assert max(map(len, lines)) <= 120
    assert origins[0].path == "version" and repr(origins[:1]).splitlines()[2].split()[:2] == ["version", "1"]
    assert "<td" in origins._repr_html_()
