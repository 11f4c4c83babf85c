"""Rows with several inputs: left out where one is missing, and known by all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.errors import DataError
from tests.support.several_inputs import open_examples, read_document, write_table

INPUTS = {"image": "left/{id}.png", "numbers": ["x", "y"], "words": ["state"]}


def change(folder: Path, row: int, column: int, text: str) -> None:
    table = folder / "steps.csv"
    lines = table.read_text().splitlines()
    cells = lines[row + 1].split(",")
    cells[column] = text
    table.write_text("\n".join([*lines[: row + 1], ",".join(cells), *lines[row + 2 :]]) + "\n")


def test_a_row_without_a_picture_is_an_error_or_left_out(tmp_path: Path) -> None:
    write_table(tmp_path, 12)
    (tmp_path / "left" / "5.png").unlink()
    with pytest.raises(DataError, match=r"5\.png  is not there"):
        open_examples(read_document(tmp_path, INPUTS), tmp_path / "cache")
    data = {**read_document(tmp_path, INPUTS).to_json()["data"], "on_missing": "skip"}
    source = open_examples(read_document(tmp_path, INPUTS, data=data), tmp_path / "cache")
    assert source.info.examples == 11
    assert [each.reason for each in source.info.skipped] and len(source.cells.words["state"]) == 11
    # The cells are those of the rows that are left: row 6 has moved to place 5.
    assert source.cells.words["state"][5] == "open" and source.keys[5] == "left/6.png"


def test_an_empty_text_is_left_out_with_its_picture(tmp_path: Path) -> None:
    write_table(tmp_path, 12)
    change(tmp_path, 4, 1, "")
    both = {"image": {"kind": "applications", "name": "MobileNetV2", "weights": None},
            "text": {"kind": "keras_hub", "class": "BertBackbone"}}  # fmt: skip
    inputs = {"image": "left/{id}.png", "text": "note"}
    with pytest.raises(DataError, match="has an empty text"):
        open_examples(read_document(tmp_path, inputs, backbone=both), tmp_path / "cache")
    data = {**read_document(tmp_path, inputs, backbone=both).to_json()["data"], "on_missing": "skip"}
    source = open_examples(read_document(tmp_path, inputs, backbone=both, data=data), tmp_path / "cache")
    assert source.info.examples == 11
    assert len(source.parts["text"].texts) == len(source.parts["image"].contents) == 11


def test_a_number_is_part_of_what_an_example_is_known_by(tmp_path: Path) -> None:
    write_table(tmp_path, 12)
    before = open_examples(read_document(tmp_path, INPUTS), tmp_path / "cache")
    change(tmp_path, 0, 2, "99")
    after = open_examples(read_document(tmp_path, INPUTS), tmp_path / "cache")
    assert before.info.fingerprint != after.info.fingerprint
    assert before.contents[0] != after.contents[0] and before.contents[1:] == after.contents[1:]
    # What is stored of a picture is still known: a picture alone has its own content.
    assert before.parts["image"].contents == after.parts["image"].contents


def test_the_same_picture_with_other_numbers_contradicts_nothing(tmp_path: Path) -> None:
    write_table(tmp_path, 12)
    (tmp_path / "left" / "1.png").write_bytes((tmp_path / "left" / "0.png").read_bytes())
    notes = " ".join(open_examples(read_document(tmp_path, INPUTS), tmp_path / "cache").info.notes)
    assert "two labels" not in notes
    change(tmp_path, 1, 2, (tmp_path / "steps.csv").read_text().splitlines()[1].split(",")[2])
    change(tmp_path, 1, 3, (tmp_path / "steps.csv").read_text().splitlines()[1].split(",")[3])
    change(tmp_path, 1, 4, "open")
    notes = " ".join(open_examples(read_document(tmp_path, INPUTS), tmp_path / "cache").info.notes)
    assert "identical examples: 1 example is there with two labels, which the same inputs cannot tell apart" in notes
