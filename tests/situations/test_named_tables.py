"""Tables of masks, sounds and texts as splits, with cells of any length, as users have them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import MultipleLabels, NamedTables, TableData
from kerastune_ft.config.options.tasks import AudioClassification, ImageSegmentation, TextClassification
from kerastune_ft.data.files.find import TEXTS
from kerastune_ft.data.open import open_source
from kerastune_ft.data.tables.label_columns import class_cells
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import DataError
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.text_inputs import list_texts
from kerastune_ft.rules import FIRST, NEWEST
from tests.support.image_files import encode_image, pixels, write
from tests.support.init_data import write_sound

LONG = "word " * 30_000


def write_rows(path: Path, *rows: tuple[str, ...]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def open_data(path: Any, task: Any, cache: Path, **options: Any) -> Any:
    return open_source(TableData(path=path, **options), task, cache, lambda _: None)


def test_masks_are_relative_to_the_table_that_names_them(tmp_path: Path) -> None:
    for place, count in (("train", 8), ("test", 4)):
        folder = tmp_path / "data" / place
        for number in range(count):
            mask = np.random.default_rng(number).integers(0, 2, (12, 16)).astype(np.uint8)
            write(folder / f"photos/{place}{number}.png", encode_image(pixels(number + 100 * (place == "test"))))
            write(folder / f"masks/{place}{number}.png", encode_image(mask))
        names = [(f"{place}{number}",) for number in range(count)]
        write_rows(folder / "table.csv", ("id",), *names)
    task = ImageSegmentation(kind="image_segmentation", classes=("a", "b"))
    options: dict[str, Any] = {"input": "photos/{id}.png", "label": "masks/{id}.png"}
    splits = NamedTables(train="train/table.csv", test="test/table.csv")
    source = open_data(str(tmp_path / "data"), task, tmp_path / "cache", splits=splits, **options)
    assert source.info.sizes == {"train": 7, "validation": 1, "test": 4}
    assert source.keys[8] == "test/photos/test0.png"
    (tmp_path / "data/test/masks/test2.png").unlink()
    with pytest.raises(DataError, match=r"test/table.csv row 4"):
        open_data(str(tmp_path / "data"), task, tmp_path / "cache", splits=splits, **options)


def test_sounds_of_a_list_and_a_pattern_are_one_data_set(tmp_path: Path) -> None:
    for number in range(24):
        write_sound(tmp_path / f"data/wav/{number}.wav", frames=400 + number)
    rows = [(f"wav/{number}.wav", "ab"[number % 2]) for number in range(24)]
    first = write_rows(tmp_path / "data/a.csv", ("file", "label"), *rows[:10])
    second = write_rows(tmp_path / "data/b.csv", ("file", "label"), *rows[10:])
    task = AudioClassification(kind="audio_classification")
    options: dict[str, Any] = {"input": "file", "label": "label"}
    listed = open_data([str(first), str(second)], task, tmp_path / "cache", **options)
    matched = open_data(str(tmp_path / "data/*.csv"), task, tmp_path / "cache", **options)
    assert listed.info.examples == 24
    assert listed.info.fingerprint == matched.info.fingerprint
    assert list(listed.keys) == [name for name, _ in rows]


@pytest.mark.parametrize("name", ["data.csv", "data.tsv"])
def test_a_contract_of_a_hundred_thousand_letters_is_a_text(tmp_path: Path, name: str) -> None:
    rows = [(f"text {number}", "ab"[number % 2]) for number in range(20)]
    rows[7] = (LONG, "b")
    mark = "," if name == "data.csv" else "\t"
    path = write(tmp_path / name, "\n".join(mark.join(row) for row in [("text", "label"), *rows]).encode())
    source = open_data(
        str(path), TextClassification(kind="text_classification"), tmp_path / "cache", input="text", label="label"
    )
    assert source.info.examples == 20 and (LONG.strip(),) in source.texts
    options = ReadOptions("text", None, None, TEXTS, tmp_path / "cache", lambda _: None)
    (listing,) = list_texts([str(path)], options, 1)
    assert [item.texts for item in listing.items] == list(source.texts)


def test_runs_from_before_read_tables_as_they_did(tmp_path: Path) -> None:
    """A quote took rows with it, lists were split at commas, and a first row was the header whatever it held."""
    rows = ['"open\ta', *(f"text {number}\t{'ab'[number % 2]}" for number in range(20)), 'last"\tb']
    text = write(tmp_path / "a.tsv", "\n".join(["text\tlabel", *rows]).encode())
    assert [len(read_table(text, rules).numbers) for rules in (FIRST, NEWEST)] == [1, 22]
    joined = write(tmp_path / "b.csv", b"text,label\na,x\ntext,label\nb,y\n")
    assert len(read_table(joined, FIRST).numbers) == 3
    with pytest.raises(DataError, match="is the header again"):
        read_table(joined, NEWEST)
    lists = write(tmp_path / "c.csv", b"""text,tags\na,"['x', 'y']"\nb,"['y']"\n""")
    label = MultipleLabels(column="tags")
    table = read_table(lists)
    assert class_cells(table, label, FIRST).cells == [("['x'", "'y']"), ("['y']",)]
    assert class_cells(table, label, NEWEST).cells == [("x", "y"), ("y",)]
    assert class_cells(table, "tags", FIRST).cells[1] == ("['y']",)
