from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.data import Fractions, NamedTables, TableData
from kerastune_ft.data.tables.named_tables import expand_pattern, find_tables, name_splits, split_of_table
from kerastune_ft.errors import ConfigError, DataError


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("text,label\na,b\n")
    return folder


def find(path: Any, splits: Any = None, *, unsplit: bool = False) -> list[tuple[str, str | None]]:
    written = [str(each) for each in path] if isinstance(path, list) else str(path)
    options = TableData(path=written, input="text", label="label", splits=splits)
    return [(table.path.name, table.split) for table in find_tables(options, unsplit=unsplit)]


def test_one_several_or_a_pattern(tmp_path: Path) -> None:
    make(tmp_path, "a.csv", "b.csv", "c.tsv", "more/d.csv", "readme.txt")
    assert find(tmp_path / "a.csv") == [("a.csv", None)]
    assert find([tmp_path / "b.csv", tmp_path / "a.csv"]) == [("b.csv", None), ("a.csv", None)]
    assert find(tmp_path / "*.csv") == [("a.csv", None), ("b.csv", None)]
    assert find(tmp_path / "**/*.csv") == [("a.csv", None), ("b.csv", None), ("d.csv", None)]
    assert find([tmp_path / "?.csv", tmp_path / "c.tsv"])[2] == ("c.tsv", None)
    with pytest.raises(DataError, match=r"data.path: no table fits the pattern .*x\*.csv"):
        find(tmp_path / "x*.csv")
    # A name with such letters that is there is a name.
    make(tmp_path, "cases [2024].csv")
    assert expand_pattern(str(tmp_path / "cases [2024].csv"), "data.path") == [tmp_path / "cases [2024].csv"]


def test_splits_are_named_by_the_tables_beside(tmp_path: Path) -> None:
    make(tmp_path, "train.csv", "val.csv", "test.csv", "part-1.csv", "part-2.csv")
    named = NamedTables(validation="val.csv", test="test.csv")
    wanted = [("train.csv", "train"), ("val.csv", "validation"), ("test.csv", "test")]
    assert find(tmp_path / "train.csv", named) == wanted
    assert find(tmp_path, NamedTables(train="train.csv", validation="val.csv", test="test.csv")) == wanted
    assert find(tmp_path / "train.csv", NamedTables(train="train.csv", test=str(tmp_path / "test.csv")))[1][1] == "test"
    assert find(tmp_path, NamedTables(train=("part-1.csv", "part-2.csv"), test="test.csv"))[:2] == [
        ("part-1.csv", "train"),
        ("part-2.csv", "train"),
    ]
    assert find(tmp_path, NamedTables(train="part-*.csv", test="test.csv"))[1] == ("part-2.csv", "train")
    assert find(tmp_path / "train.csv", named, unsplit=True) == [(name, None) for name, _ in wanted]


def test_a_folder_gives_its_tables_called_train_validation_and_test(tmp_path: Path) -> None:
    make(tmp_path, "test.csv", "train.csv", "validation.csv", "extra.csv", ".hidden.csv")
    wanted = [("train.csv", "train"), ("validation.csv", "validation"), ("test.csv", "test")]
    assert find(tmp_path) == wanted
    assert find(tmp_path, Fractions(train=0.5, validation=0.5)) == wanted
    assert find(make(tmp_path / "b", "train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl", "test.jsonl")) == [
        ("train-00000-of-00002.jsonl", "train"),
        ("train-00001-of-00002.jsonl", "train"),
        ("test.jsonl", "test"),
    ]


@pytest.mark.parametrize(
    ("names", "splits", "message"),
    [
        (["train.csv", "val.csv"], None, r'Write  "splits": \{"train": "train.csv", "validation": "val.csv"\}'),
        (["training.csv", "test.csv"], None, r'Write  "splits": \{"train": "training.csv", "test": "test.csv"\}'),
        (["cases.csv"], None, r"is a folder(.|\n)*The tables in it are cases.csv; write one of them after"),
        (["a.csv", "b.csv"], None, r'several as a list, or  "path": ".*/\*.csv"  for all'),
        ([], None, "Name a table, or write kind folder"),
        (["a.csv"], NamedTables(test="a.csv"), r'is a folder; write  "train"'),
        (["a.csv"], NamedTables(train="b.csv"), r'there is no table .*b.csv; did you mean "a.csv"'),
        (["a.csv"], NamedTables(train="a.csv", test="a.csv"), r'named twice \("train" and "test"\)'),
        (["a.csv"], NamedTables(train="a.csv", test="*.tsv"), "data.splits.test: no table fits the pattern"),
    ],
)
def test_what_is_not_clear_is_asked(tmp_path: Path, names: list[str], splits: Any, message: str) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        find(make(tmp_path, "sub/x.txt", *names), splits)


def test_a_table_in_path_is_the_one_to_train_on(tmp_path: Path) -> None:
    make(tmp_path, "a.csv", "b.csv")
    with pytest.raises(ConfigError, match=r'b.csv is not what data.path names, a.csv; leave "train" out'):
        find(tmp_path / "a.csv", NamedTables(train="b.csv"))
    with pytest.raises(ConfigError, match=r"named twice .data.path."):
        find([tmp_path / "a.csv", tmp_path / "*.csv"])


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.csv", "train"),
        ("Training.tsv", "train"),
        ("dev.jsonl.gz", "validation"),
        ("test-00000-of-00001.parquet", "test"),
        ("cases.csv", None),
        ("train_labels.csv", None),
    ],
)
def test_names_of_tables_stand_for_splits(name: str, split: str | None) -> None:
    assert split_of_table(Path(name)) == split


def test_names_are_given_as_splits_writes_them() -> None:
    tables = [Path(name) for name in ("dev.csv", "train.csv", "training.csv", "x.csv")]
    assert name_splits(tables) == {"train": "train.csv", "validation": "dev.csv"}
