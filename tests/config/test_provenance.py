"""Where every value of a configuration came from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kerastune_ft import explain
from kerastune_ft.cli.commands import main
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError

TEAM = """{
  "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
  "defaults": {"monitor": "validation_accuracy",
               "batch_size": 8}
}"""
MINE = """{
  "extends": "team.json",
  "task": {"kind": "image_classification"},
  "data": {"kind": "folder", "path": "photos"},
  "defaults": {"batch_size": 16, "augment": "light",
               "optimizer": {"name": "sgd", "momentum": 0.9}},
  "phases": {"preset": "head_then_top",
             "epochs": 3}
}"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("team.json").write_text(TEAM)
    Path("mine.json").write_text(MINE)


def by_path(*overrides: str, source: Any = "mine.json") -> dict[str, tuple[Any, str]]:
    return {row.path: (row.value, row.words) for row in explain(source, overrides)}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("task.kind", "image_classification", "mine.json:3"),
        ("seed", 0, "default"),
        ("name", "mine", "mine.json"),
        ("backbone.name", "MobileNetV2", "team.json:2, extended"),
        ("phases.head.monitor", "validation_accuracy", "team.json:3, its defaults"),
        ("phases.top.batch_size", 16, "mine.json:5, its defaults"),
        ("phases.head.epochs", 3, "mine.json:8"),
        ("phases.top.unfreeze.fraction", 0.3, "preset head_then_top (mine.json:7)"),
        ("phases.head.learning_rate.peak", 0.001, "preset head_then_top (mine.json:7)"),
        ("phases.head.learning_rate.shape", "constant", "default"),
        ("phases.head.optimizer.name", "sgd", "mine.json:6, its defaults"),
        ("phases.head.optimizer.momentum", 0.9, "mine.json:6, its defaults"),
        ("phases.head.augment.preset", "light", "mine.json:5, its defaults"),
        ("phases.head.augment.rotate", 0.02, "preset augment light (mine.json:5)"),
        ("phases.head.augment.views", None, "default"),
        ("phases.head.clip_norm", None, "default"),
    ],
)
def test_each_origin_is_named(path: str, value: Any, words: str) -> None:
    assert by_path()[path] == (value, words)


def test_what_the_command_sets_is_said_and_takes_a_length_away() -> None:
    found = by_path("phases.top.steps=7", "seed=3", "phases.head.augment.flip=both", "phases.head.learning_rate=0.1")
    assert found["phases.top.steps"] == (7, "--set")
    assert found["phases.top.epochs"] == (None, "default")
    assert found["seed"] == (3, "--set")
    assert found["phases.head.augment.flip"] == ("both", "--set")
    assert found["phases.head.learning_rate.peak"] == (0.1, "--set")


def test_the_rows_are_the_whole_configuration() -> None:
    rows = explain("mine.json", ["seed=3"])
    config = read("mine.json", ["seed=3"]).to_json()

    def count(value: Any) -> int:
        if isinstance(value, dict) and value:
            return sum(map(count, value.values()))
        return sum(map(count, value)) if isinstance(value, list) and value and isinstance(value[0], dict) else 1

    assert len(rows) == count(config)
    assert len({row.path for row in rows}) == len(rows)


def test_every_path_that_is_shown_can_be_set() -> None:
    for row in explain("mine.json"):
        if row.value is not None and "augment" not in row.path and not row.path.endswith((".steps", ".name")):
            written = json.dumps(row.value)
            assert by_path(f"{row.path}={written}")[row.path] == (row.value, "--set"), row.path


def test_views_for_all_phases_come_from_where_they_are_written() -> None:
    Path("views.json").write_text(
        '{"extends": "mine.json",\n "defaults": {"augment": {"views": 4}},\n "phases": [\n'
        ' {"name": "a", "unfreeze": "all", "epochs": 1, "learning_rate": 1, "augment": "strong"},\n'
        ' {"name": "b", "unfreeze": "all", "epochs": 1, "learning_rate": 1, "augment": "none"}]}'
    )
    found = by_path(source="views.json")
    assert found["phases.a.augment.views"] == (4, "views.json:2, its defaults")
    assert found["phases.a.augment.preset"] == ("strong", "views.json:4")
    assert found["phases.b.augment.views"] == (None, "default")


def test_phases_written_out_are_lines_of_the_file() -> None:
    Path("list.json").write_text(
        MINE[: MINE.index('"phases"')] + '"phases": [{"name": "a", "unfreeze": "all", "epochs": 1,\n'
        ' "learning_rate": {"peak": 1, "units": {"x": 2}}}]}'
    )
    found = by_path(source="list.json")
    assert found["phases.a.epochs"] == (1, "list.json:7")
    assert found["phases.a.learning_rate.units.x"] == (2, "list.json:8")


def test_a_dict_has_no_lines() -> None:
    document = {**json.loads(MINE), "extends": str(Path("team.json").resolve())}
    row = next(one for one in explain(document) if one.path == "task.kind")
    assert (row.origin, row.file, row.line) == ("file", "configuration", None)
    assert by_path(source=document)["name"] == ("run", "default")


def test_a_broken_file_is_told_as_reading_tells_it() -> None:
    with pytest.raises(ConfigError, match="epoch"):
        explain("mine.json", ["phases.head.epoch=2"])


def test_validate_prints_the_origins() -> None:
    result = CliRunner().invoke(main, ["validate", "mine.json", "--explain", "--set", "seed=3"])
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines() if line.strip().startswith("seed")] == [
        ["seed", "3", "--set"]
    ]
    found = json.loads(CliRunner().invoke(main, ["validate", "mine.json", "--explain", "--json"]).stdout)
    assert found["origins"][0] == {
        "path": "version", "value": 1, "origin": "default", "preset": None, "file": None, "line": None,
    }  # fmt: skip
    assert "origins" not in json.loads(CliRunner().invoke(main, ["validate", "mine.json", "--json"]).stdout)
