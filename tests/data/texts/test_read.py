"""Texts from tables, folders and arrays: what is an example, what is left out, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.tasks import TextClassification, TextRegression
from kerastune_ft.data.open import open_source
from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.data.texts.text_source import TextSource
from kerastune_ft.errors import DataError

TASK = TextClassification(kind="text_classification")
ROWS = 24


def open_it(data: object, cache: Path, task: object = TASK) -> TextSource:
    source = open_source(data, task, cache, lambda line: None)
    assert isinstance(source, TextSource)
    return source


def table(path: Path, rows: list[str], **options: object) -> TableData:
    path.write_text("text,second,label,score\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return TableData(path=str(path), **{"input": "text", "label": "label", **options})


def lines(count: int = ROWS) -> list[str]:
    return [f'"text, {row}",more {row},{"ab"[row % 2]},{row / 10}' for row in range(count)]


def test_a_row_is_a_text_a_pair_or_a_template(tmp_path: Path) -> None:
    one = open_it(table(tmp_path / "a.csv", lines()), tmp_path)
    assert one.texts[3] == ("text, 3",)
    assert one.keys[3] == "row 5"
    assert one.element(np.int64(3))["texts"].numpy().tolist() == [b"text, 3"]
    pair = open_it(table(tmp_path / "a.csv", lines(), input=("text", "second")), tmp_path)
    assert pair.texts[3] == ("text, 3", "more 3")
    both = open_it(table(tmp_path / "a.csv", lines(), input="{second}: {text}"), tmp_path)
    assert both.texts[3] == ("more 3: text, 3",)
    assert len({one.info.fingerprint, pair.info.fingerprint, both.info.fingerprint}) == 3


def test_values_are_read_as_for_images(tmp_path: Path) -> None:
    source = open_it(
        table(tmp_path / "a.csv", lines(), label="score"), tmp_path, TextRegression(kind="text_regression")
    )
    assert source.scheme.names == ("score",)
    assert source.labels[3, 0] == 0.3


def test_empty_texts_are_refused_or_left_out_and_counted(tmp_path: Path) -> None:
    rows = [*lines(), "  ,x,a,1", ",x,b,1"]
    with pytest.raises(DataError) as caught:
        open_it(table(tmp_path / "a.csv", rows), tmp_path)
    assert "data.input: 2 examples of 26" in str(caught.value)
    assert "row 26" in str(caught.value)
    assert '"on_missing": "skip"' in str(caught.value)
    source = open_it(table(tmp_path / "a.csv", rows, on_missing="skip"), tmp_path)
    assert len(source.texts) == ROWS
    assert [one.reason for one in source.info.skipped] == ["its text is empty"] * 2
    assert "2 examples left out (data.on_missing)" in source.info.notes


def test_damaged_and_repeated_texts_are_told(tmp_path: Path) -> None:
    rows = [*lines(), "na\ufffdve,x,a,1", "the same,x,a,1", "the same,x,b,1"]
    notes = " ".join(open_it(table(tmp_path / "a.csv", rows), tmp_path).info.notes)
    assert "1 text has the character U+FFFD" in notes
    assert "1 text is there with different labels" in notes


def test_a_folder_has_a_text_in_every_file(tmp_path: Path) -> None:
    for row in range(ROWS):
        file = tmp_path / "texts" / "ab"[row % 2] / f"{row}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"\ufefftext {row}\nand more\n", encoding="utf-8")
    (tmp_path / "texts/a/picture.png").write_bytes(b"")
    source = open_it(FolderData(path=str(tmp_path / "texts")), tmp_path)
    assert source.texts[source.keys.index("b/3.txt")] == ("text 3\nand more",)
    assert any("no texts by their suffix: .png (1)" in note for note in source.info.notes)
    (tmp_path / "texts/a/bad.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is no UTF-8 text"):
        open_it(FolderData(path=str(tmp_path / "texts")), tmp_path)
    assert len(open_it(FolderData(path=str(tmp_path / "texts"), on_bad_file="skip"), tmp_path).texts) == ROWS


def test_a_folder_of_images_has_no_texts(tmp_path: Path) -> None:
    (tmp_path / "photos/a").mkdir(parents=True)
    (tmp_path / "photos/a/1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"has no text \(\.txt\) in it"):
        open_it(FolderData(path=str(tmp_path / "photos")), tmp_path)


def test_arrays_hold_strings(tmp_path: Path) -> None:
    texts = np.array([[f"é {row}", f"second {row}"] for row in range(ROWS)])
    labels = np.arange(ROWS) % 2
    np.savez(tmp_path / "one.npz", x=texts[:, 0], y=labels)
    np.savez(tmp_path / "pair.npz", x=texts, y=labels)
    np.savez(tmp_path / "images.npz", x=np.zeros((ROWS, 8, 8)), y=labels)
    assert open_it(ArraysData(path=str(tmp_path / "one.npz")), tmp_path).texts[5] == ("é 5",)
    assert open_it(ArraysData(path=str(tmp_path / "pair.npz")), tmp_path).texts[5] == ("é 5", "second 5")
    with pytest.raises(DataError, match="texts are strings"):
        open_it(ArraysData(path=str(tmp_path / "images.npz")), tmp_path)


def test_missing_labels_and_empty_texts_are_told_at_once(tmp_path: Path) -> None:
    rows = [*lines(), "a text,x,,1", " ,x,b,1"]
    with pytest.raises(DataError) as caught:
        open_it(table(tmp_path / "a.csv", rows), tmp_path)
    said = str(caught.value)
    assert "data.label: 1 row of 26" in said
    assert "row 26: a text" in said
    assert "data.input: 1 example of 26" in said
    assert "row 27" in said
    assert said.count('"on_missing": "skip"  in data to leave the') == 2


def test_of_other_data_no_option_is_named_that_could_not_be_written(tmp_path: Path) -> None:
    options = table(tmp_path / "a.csv", [*lines(), "a text,x,,1", " ,x,b,1"])
    with pytest.raises(DataError) as caught, reading_other_data("a.csv"):
        open_it(options, tmp_path)
    said = str(caught.value)
    assert "Write the labels, or take the rows out of a.csv.\n" in said
    assert said.endswith("Write the texts, or take these examples out of a.csv.")
    assert "on_missing" not in said
