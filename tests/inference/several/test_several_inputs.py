"""Rows of tables and JSON objects become items of several inputs; single inputs are refused."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.errors import ConfigError
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.several.several_inputs import list_several, make_item
from tests.support.several_inputs import write_table

WANTED = InputColumns(image="left/{id}.png", text="note", numbers=("x", "y"), words=("state",))


@pytest.fixture
def options(tmp_path: Path) -> ReadOptions:
    return ReadOptions(None, WANTED, None, IMAGES, tmp_path / "cache", lambda line: None)


def test_every_row_of_a_table_is_an_item(tmp_path: Path, options: ReadOptions) -> None:
    table = write_table(tmp_path, 5)
    (listing,) = list_several([str(table)], options)
    items = list(listing.items)
    assert [item.name for item in items] == [f"left/{row}.png" for row in range(5)]
    assert items[1].parts["text"].texts == ("go on",)
    assert items[1].parts["image"].path == str(tmp_path / "left" / "1.png")
    assert items[3].cells["y"] == "" and set(items[3].cells) == {"x", "y", "state"}
    assert listing.own["dx"]


def test_names_in_a_frame_begin_here_or_beside_the_table_of_the_run(
    tmp_path: Path, options: ReadOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = write_table(tmp_path / "run", 3)
    (tmp_path / "here/left").mkdir(parents=True)
    (tmp_path / "here/left/1.png").write_bytes((tmp_path / "run/left/1.png").read_bytes())
    monkeypatch.chdir(tmp_path / "here")
    frame = tmp_path / "table-0123456789abcdef.parquet"
    pd.read_csv(table).to_parquet(frame)
    (listing,) = list_several([str(frame)], replace(options, folder=str(tmp_path / "run")))
    paths = [item.parts["image"].path for item in listing.items]
    run, here = tmp_path / "run/left", tmp_path / "here/left"
    assert paths == [str(run / "0.png"), str(here / "1.png"), str(run / "2.png")]


@pytest.mark.parametrize("given", ["photo.jpg", "a text", 5])
def test_a_single_input_is_refused(options: ReadOptions, given: Any) -> None:
    with pytest.raises(ConfigError, match="is one input, and examples of this run have several"):
        list_several([given], options)
    with pytest.raises(ConfigError, match="there is no input"):
        list_several([], options)


def test_a_table_without_a_column_is_refused(tmp_path: Path, options: ReadOptions) -> None:
    table = tmp_path / "less.csv"
    table.write_text("id,note,x,y\n1,a,2,3\n")
    with pytest.raises(ConfigError, match=r'the run\'s own data.input: .*less.csv has no column "state"'):
        list_several([str(table)], options)


def test_lines_are_objects(tmp_path: Path, options: ReadOptions) -> None:
    good = {"id": 1, "note": "go on", "x": 0.5, "y": None, "state": "open"}
    lines = io.BytesIO("\n".join([json.dumps(good), "{oops", json.dumps([1]), '{"id": 1}']).encode())
    (listing,) = list_several([lines], options)
    first, *others = list(listing.items)
    assert first.cells == {"x": "0.5", "y": "", "state": "open"}
    assert [item.problem is None for item in others] == [False, False, False]
    assert "is not a JSON object" in str(others[0].problem)
    assert 'no column "note"' in str(others[2].problem)


def test_an_object_has_the_name_it_is_given(options: ReadOptions) -> None:
    item = make_item({"id": 1, "note": "a", "x": 1, "y": 2, "state": ""}, "[0]", WANTED, options)
    assert item.name == "[0]" and item.problem is None
