"""Texts of zero-width and control characters, as web scrapes leave them: treated as empty texts, wherever they are."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.tasks import TextClassification
from kerastune_ft.data.files.find import TEXTS
from kerastune_ft.data.modality import ReadContext
from kerastune_ft.data.open import open_source
from kerastune_ft.data.texts.modality import TextInputs
from kerastune_ft.errors import DataError
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.rules import FIRST

INVISIBLE = ("\u200b", "\u200b\u200d", "\ufeff", "\u00ad", "\x07", "\u202e\u202c")
TEXT = TextClassification(kind="text_classification")


def table(path: Path, **options: Any) -> TableData:
    rows = [(f"the weather of day {row}", "ab"[row % 2]) for row in range(30)] + [(text, "a") for text in INVISIBLE]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return TableData(path=str(path), input="text", label="label", **options)


def test_rows_of_a_table(tmp_path: Path) -> None:
    with pytest.raises(DataError) as refused:
        open_source(table(tmp_path / "a.csv"), TEXT, tmp_path, lambda line: None)
    said = str(refused.value)
    assert "data.input: 6 examples of 36" in said
    assert "row 33:" in said
    assert r"row 36: \x07" in said
    assert "\x07" not in said
    assert "\u202e" not in said
    assert "its text has only invisible characters (U+200B, U+200D)" in said
    source = open_source(table(tmp_path / "a.csv", on_missing="skip"), TEXT, tmp_path, lambda line: None)
    assert source.info.examples == 30
    assert any("6 examples left out" in note for note in source.info.notes)


def test_a_run_that_began_before_keeps_its_examples(tmp_path: Path) -> None:
    source = open_source(table(tmp_path / "a.csv"), TEXT, tmp_path, lambda line: None, rules=FIRST)
    assert source.info.examples == 36


def test_files_and_arrays(tmp_path: Path) -> None:
    for name in "ab":
        for number in range(6):
            file = tmp_path / "texts" / name / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{name} {number}" if name == "a" or number else "\u200b\n\u200d", encoding="utf-8")
    with pytest.raises(DataError, match=r"1 example of 12 .*\n.*b/0.txt .*only invisible characters"):
        open_source(FolderData(path=str(tmp_path / "texts")), TEXT, tmp_path, lambda line: None)
    np.savez(tmp_path / "a.npz", x=np.array(["one", "two", "\u200b"] * 4), y=np.arange(12) % 3)
    with pytest.raises(DataError, match=r"4 examples of 12 .*\n  x\[2\]"):
        open_source(ArraysData(path=str(tmp_path / "a.npz")), TEXT, tmp_path, lambda line: None)


class _Prepared:
    """The examples of a prepared builder, one of which has nothing to be seen."""

    name, inputs, splits = "words", ("text",), ("train",)

    def read(self, split: str, undecoded: object = ()) -> Any:
        yield from (((text.encode(),), "a", []) for text in ("fine", "\u00ad"))


class _Store:
    keys = ("train[0]", "train[1]")

    def __init__(self, contents: list[bytes]) -> None:
        self.content = contents.__getitem__


def test_prepared_data_sets(tmp_path: Path) -> None:
    options: Any = type("Options", (), {"on_missing": "error", "name": "words"})()
    context = ReadContext(TEXT, tmp_path, lambda line: None)
    prepared: Any = _Prepared()
    form = TextInputs().store_form(prepared, options, context)
    store: Any = _Store([entry.content for entry in form.write("train")])
    with pytest.raises(DataError, match=r"1 example of 2 in words .*\n  train\[1\]"):
        form.read(store)


def test_predictions_say_so_in_the_row(tmp_path: Path) -> None:
    rows = [{"text": "fine"}, {"text": "\ufeff\u200b"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ReadOptions("text", None, None, TEXTS, tmp_path, print)
    given = [str(tmp_path / "a.jsonl"), "\u200b", io.BytesIO("fine\n\u200b\n".encode())]
    items = [item for listing in list_texts(given, options, 1) for item in listing.items]
    assert [item.problem is None for item in items] == [True, False, False, True, False]
    assert items[1].problem == "its text has only invisible characters (U+FEFF, U+200B)"
    (pair,) = [item for listing in list_texts([("fine", "\u200b")], options, 2) for item in listing.items]
    assert pair.problem is not None


def test_init_leaves_them_out_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "a.csv")
    result = CliRunner().invoke(main, ["init", "a.csv"])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "a.json").read_text())["data"]["on_missing"] == "skip"
    assert "6 without text" in result.output
