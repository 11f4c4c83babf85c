"""A source of several inputs reads those of its parts, and changes its division with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.data.several.source import name_notes
from tests.support.several_inputs import open_examples, read_document, write_table

INPUTS = {"image": ["left/{id}.png", "right/{id}.png"], "text": "note", "numbers": ["x"]}
BOTH = {
    "image": {"kind": "applications", "name": "MobileNetV2", "weights": None, "image_size": 32},
    "text": {"kind": "keras_hub", "class": "BertBackbone"},
}


@pytest.fixture
def source(tmp_path: Path) -> object:
    write_table(tmp_path, 12)
    return open_examples(read_document(tmp_path, INPUTS, backbone=BOTH), tmp_path / "cache")


def test_fields_are_those_of_the_parts_by_name(source: object) -> None:
    fields = source.read_input(tf.constant(1, tf.int64))
    assert list(fields) == ["image_1/image", "image_2/image", "text/texts"]
    assert fields["text/texts"].numpy().tolist() == [b"go on"]
    assert source.encoded


def test_pictures_of_an_example_change_alike_and_are_known_by_what_is_beside_them(source: object) -> None:
    left, right = source.parts["image_1"], source.parts["image_2"]
    np.testing.assert_array_equal(left.identities, right.identities)
    assert left.contents[0] != right.contents[0]
    assert source.parts["text"].contents != left.contents


def test_the_parts_are_divided_with_the_whole(source: object) -> None:
    other = source.with_splits({"train": np.arange(3), "validation": np.arange(3, 5)})
    assert other.parts["text"].splits["train"].tolist() == [0, 1, 2]
    assert len(source.parts["text"].splits["train"]) == len(source.splits["train"]) != 3


def test_a_file_that_changes_is_of_its_example(source: object) -> None:
    path = Path(str(source.find_file(2)))
    assert source.find_changed([2]) == []
    path.unlink()
    assert source.find_changed([1, 2]) == [source.keys[2]]
    assert [key for key, _ in source.find_lost()] == [source.keys[2]]


def test_notes_say_which_of_several_parts_they_are_of() -> None:
    assert name_notes({"image": ["all are small"]}) == ["all are small"]
    assert name_notes({"image_1": ["all are small"], "image_2": []}) == ["image_1: all are small"]
