from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.config.options.data import MultipleLabels
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import write
from tests.support.table_files import format_delimited, open_table, pet_table, pets


def test_columns_of_0_and_1(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [
        [name, "1" if number % 2 else "", ("0", "1.0", "1")[number % 3]] for number, (name, _) in enumerate(pets(root))
    ]
    path = write(root / "t.csv", format_delimited(["image", "edema", "mass"], rows))
    source = open_table(path, multi_label=True, label=("edema", "mass"))
    assert source.info.classes == ("edema", "mass")
    assert source.label_texts[:4] == ["", "edema|mass", "mass", "edema"]
    assert "10 empty cells of the label columns are read as 0" in source.info.notes
    rows[7][1:] = ["", ""]
    write(path, format_delimited(["image", "edema", "mass"], rows))
    with pytest.raises(DataError, match=r"row 9: images/007.png"):
        open_table(path, multi_label=True, label=("edema", "mass"))


def test_rows_without_a_label_are_named_or_left_out(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = pets(root)
    rows[2][1], rows[5][1] = "", "  "
    path = pet_table(root, rows)
    with pytest.raises(DataError, match=r"2 rows of 20 .* have no label \(label\):\n  row 4: images/002.png\n  row 7:"):
        open_table(path)
    source = open_table(path, on_missing="skip")
    assert source.info.examples == 18
    assert [file.path for file in source.info.skipped] == ["row 4: images/002.png", "row 7: images/005.png"]
    assert source.info.skipped[0].reason == "has no label: its label is empty"
    with pytest.raises(DataError, match=r'say which text means no label: "none": ""'):
        open_table(path, multi_label=True, label=MultipleLabels(column="label"))
    source = open_table(path, multi_label=True, label=MultipleLabels(column="label", none=""))
    assert source.label_texts[1:4] == ["dog", "", "dog"]
    with pytest.raises(DataError, match=r"no row of .* has a label"):
        open_table(pet_table(root, [[name, ""] for name, _ in rows]), on_missing="skip")


def test_no_label_beside_labels_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = pets(root)
    rows[2][1] = "cat,healthy"
    label = MultipleLabels(column="label", none="healthy")
    with pytest.raises(DataError, match=r'"healthy", which means no label, beside others:\n  row 4  "cat,healthy"'):
        open_table(pet_table(root, rows), multi_label=True, label=label)


def test_labels_the_task_cannot_take_are_named_by_row(tmp_path: Path) -> None:
    path = pet_table(tmp_path / "data")
    with pytest.raises(DataError, match=r'"dog": row 3: images/001.png'):
        open_table(path, ImageClassification(classes=("cat", "wolf")))
    with pytest.raises(ConfigError, match="multi_label"):
        open_table(path, label=MultipleLabels(column="label"))


@pytest.mark.parametrize("cells", [("['cat', 'dog']", "['dog']", "[]"), ('["cat", "dog"]', '["dog"]', "[]")])
def test_cells_that_are_lists_are_read_as_labels_or_named(tmp_path: Path, cells: tuple[str, ...]) -> None:
    rows = [[name, cells[number % 3]] for number, (name, _) in enumerate(pets(tmp_path / "data"))]
    path = pet_table(tmp_path / "data", rows)
    source = open_table(path, multi_label=True, label=MultipleLabels(column="label"))
    assert source.info.classes == ("cat", "dog")
    assert source.label_texts[:3] == ["cat|dog", "dog", ""]
    assert 'the cells of the column "label" are read as lists of labels' in source.info.notes
    with pytest.raises(DataError, match=r'are lists, as \[.cat., .dog.\](.|\n)*"label": \{"column": "label"\}'):
        open_table(path)
    with pytest.raises(ConfigError, match=r'\.none: no cell of the column "label" of .* is "do"; did you mean "dog"'):
        open_table(path, multi_label=True, label=MultipleLabels(column="label", none="do"))


def test_lists_of_json_are_labels_too(tmp_path: Path) -> None:
    names = [name for name, _ in pets(tmp_path / "data")]
    lists = (["bird", "dog"], ["dog"], ["cat"])
    lines = [json.dumps({"image": name, "label": lists[row % 3]}) for row, name in enumerate(names)]
    path = write(tmp_path / "data/t.jsonl", "\n".join(lines).encode())
    source = open_table(path, multi_label=True, label=MultipleLabels(column="label", none="cat"))
    assert source.label_texts[1:3] == ["dog", ""]
