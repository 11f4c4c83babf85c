"""Latin-1 bytes and half characters, wherever texts, labels and groups are read: an error of data with its place."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kerastune_ft.cli.commands import main
from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.tasks import ImageClassification, TextClassification
from kerastune_ft.data.files.find import TEXTS
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import list_texts
from tests.support.image_files import pixels

COUNT = 36
X = np.stack([pixels(seed, 8, 8) for seed in range(COUNT)])
WORDS = ("cheese", "bread", "wine")
LATIN = np.array([b"k\xe4se", b"brot", b"wein"] * (COUNT // 3))
HALF = np.array(["\ud800", "b", "c"] * (COUNT // 3))
TEXT = TextClassification(kind="text_classification")


def open_arrays(path: Path, task: Any = None, group: str | None = None, **arrays: np.ndarray) -> DataSource:
    np.savez(path / "a.npz", **arrays)
    options = ArraysData(path=str(path / "a.npz"), group=group)
    return open_source(options, task or ImageClassification(), path / "cache", lambda line: None)


@pytest.mark.parametrize(("labels", "words"), [(LATIN, "bytes that are no UTF-8"), (HALF, "half a character")])
def test_labels(tmp_path: Path, labels: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=rf"data.y: 'y' in .*a.npz has {words}.*, the first at y\[0\]; "):
        open_arrays(tmp_path, x=X, y=labels)


@pytest.mark.parametrize(("texts", "words"), [(LATIN, "bytes that are no UTF-8"), (HALF, "half a character")])
def test_texts_and_pairs(tmp_path: Path, texts: np.ndarray, words: str) -> None:
    good = np.array(["one", "two", "three"] * (COUNT // 3)).astype(texts.dtype)
    for x, place in ((texts, r"x\[0\]"), (np.stack([good, texts], axis=1), r"x\[0, 1\]")):
        with pytest.raises(DataError, match=rf"data.x: 'x' in .*a.npz has {words}.*, the first at {place}; "):
            open_arrays(tmp_path, TEXT, x=x, y=np.arange(COUNT) % 3)


def test_groups_are_texts_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data.group: 'g' in .*a.npz has bytes that are no UTF-8, .* g\[0\]"):
        open_arrays(tmp_path, group="g", x=X, y=np.arange(COUNT) % 3, g=LATIN)
    with pytest.raises(DataError, match=r"data.group: 'g' in .* has no group for 12 examples, the first at g\[2\]"):
        open_arrays(tmp_path, group="g", x=X, y=np.arange(COUNT) % 3, g=np.array([1, 2, np.nan] * (COUNT // 3)))
    groups = np.array([b"p1", b"p2", b"p3", b"p4", b"p5", b"p6"] * (COUNT // 6))
    source = open_arrays(tmp_path, group="g", x=X, y=np.arange(COUNT) % 3, g=groups)
    assert set(source.groups or ()) == {"p1", "p2", "p3", "p4", "p5", "p6"}


@pytest.mark.parametrize(
    "labels",
    [
        np.array([{"a": 1}, "b", 3] * (COUNT // 3), object),
        np.array([(1, 2.0)] * COUNT, [("a", "i4"), ("b", "f4")]),
        np.array(["2020-01-01"] * COUNT, "datetime64[D]"),
        np.array([1j] * COUNT),
        np.array(3),
    ],
)
def test_labels_of_a_type_that_none_have(tmp_path: Path, labels: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"^data\.y: 'y' in .*a\.npz "):
        open_arrays(tmp_path, x=X, y=labels)


def test_whole_numbers_beyond_64_bits_stay_what_they_are(tmp_path: Path) -> None:
    labels = np.array([1e30, 1, 2] * (COUNT // 3))
    assert open_arrays(tmp_path, x=X, y=labels).info.classes[-1] == str(int(1e30))


def test_text_files(tmp_path: Path) -> None:
    for name in "ab":
        for number in range(8):
            file = tmp_path / "texts" / name / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{name} {number}")
    (tmp_path / "texts" / "a" / "latin.txt").write_bytes(b"k\xe4se")
    (tmp_path / "texts" / "a" / "link.txt").symlink_to("nowhere")
    os.mkfifo(tmp_path / "texts" / "b" / "pipe.txt")
    with pytest.raises(DataError) as refused:
        open_source(FolderData(path=str(tmp_path / "texts")), TEXT, tmp_path / "cache", lambda line: None)
    said = str(refused.value)
    assert "a/latin.txt  is no UTF-8 text (byte 0xe4 at 1)" in said
    assert "a/link.txt  is not there" in said
    assert "b/pipe.txt  is a pipe" in said
    options = FolderData(path=str(tmp_path / "texts"), on_bad_file="skip")
    assert open_source(options, TEXT, tmp_path / "cache", lambda line: None).info.examples == 16


def test_cells_of_typed_tables(tmp_path: Path) -> None:
    rows = [{"text": f"text {row}", "label": WORDS[row % 3]} for row in range(COUNT)]
    rows[4]["text"] = "half \ud800"
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = TableData(path=str(tmp_path / "a.jsonl"), input="text", label="label")
    with pytest.raises(DataError, match=r'data.input: the column "text" .* in line 5, but text that is no Unicode'):
        open_source(options, TEXT, tmp_path / "cache", lambda line: None)


@pytest.mark.parametrize("text", ["half \ud800", os.fsdecode(b"k\xe4se")])
def test_predictions_on_such_a_text_are_a_row_with_the_error(tmp_path: Path, text: str) -> None:
    options = ReadOptions(None, None, None, TEXTS, tmp_path, print)
    given = [text, io.BytesIO(b"fine\n" + b"k\xe4se\n")]
    items = [item for listing in list_texts(given, options, 1) for item in listing.items]
    assert [item.problem is None for item in items] == [False, True, False]
    assert "no UTF-8" in (items[0].problem or "")


@pytest.mark.parametrize("array", [LATIN, HALF, np.array(["a", {}, None] * (COUNT // 3), object)])
def test_init_names_what_a_run_would_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, array: np.ndarray) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("a.npz", x=X, y=array)
    result = CliRunner().invoke(main, ["init", "a.npz"])
    assert result.exit_code == 3, result.output
    assert "'y'" in result.output or "y[0]" in result.output
