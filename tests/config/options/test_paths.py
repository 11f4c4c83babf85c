from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from tests.support.config_cases import MINIMAL, with_change


def test_paths_are_those_of_the_working_directory_else_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "work").mkdir()
    path = tmp_path / "configs" / "a.json"
    path.write_text(json.dumps(MINIMAL))
    monkeypatch.chdir(tmp_path / "work")
    assert read(path).data.path == str(tmp_path / "configs" / "photos")
    (tmp_path / "work" / "photos").mkdir()
    assert read(path).data.path == str(tmp_path / "work" / "photos")
    assert read(path).output.directory == "runs"


def test_a_pattern_that_fits_in_the_working_directory_at_any_depth_is_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("configs", "work/a/b/c"):
        (tmp_path / place).mkdir(parents=True)
    data = {"kind": "table", "path": "a/**/*.csv", "input": "image", "label": "label"}
    (tmp_path / "configs" / "a.json").write_text(json.dumps({**MINIMAL, "data": data}))
    monkeypatch.chdir(tmp_path / "work")
    assert read(tmp_path / "configs" / "a.json").data.path == str(tmp_path / "configs" / "a" / "**" / "*.csv")
    (tmp_path / "work" / "a" / "b" / "c" / "1.csv").touch()
    assert read(tmp_path / "configs" / "a.json").data.path == str(tmp_path / "work" / "a" / "**" / "*.csv")


def test_paths_of_a_base_are_relative_to_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "base.json").write_text(json.dumps(MINIMAL))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.json").write_text(json.dumps({"extends": "../team/base.json"}))
    assert Path(read(tmp_path / "own" / "a.json").data.path).resolve() == tmp_path / "team" / "photos"


def test_variables_expand_in_paths_only_and_the_hash_keeps_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {
        **with_change("data.path", "${PHOTOS}/a"),
        "task": {"kind": "image_classification", "classes": ["${A}", "b"]},
    }
    monkeypatch.setenv("PHOTOS", "/one")
    first = read(document)
    monkeypatch.setenv("PHOTOS", "/two")
    second = read(document)
    assert (first.data.path, second.data.path) == ("/one/a", "/two/a")
    assert first.task.classes == ("${A}", "b")
    assert config_hash(first) == config_hash(second)
    assert config_hash(pickle.loads(pickle.dumps(first))) == config_hash(first)
    assert first != second


def test_buckets_are_left_alone() -> None:
    assert read(with_change("data.path", "gs://bucket/photos")).data.path == "gs://bucket/photos"
