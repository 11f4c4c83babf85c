"""Keys that do nothing for texts, and those that only texts have."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies
from kerastune_ft.config.read import read

TEXT = {
    "task": {"kind": "text_classification"},
    "data": {"kind": "table", "path": "a.csv", "input": "text", "label": "label", "sequence_length": 64},
    "head": {"pooling": "last"},
    "phases": [{"name": "head", "augment": "none"}],
}


def places(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [place for place, _ in kind_inconsistencies(document)]


WINDOWS = {**TEXT, "data": {**TEXT["data"], "long_texts": "windows"}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"sequence_length": None}, ["windows are of sequence_length tokens, and there is none"]),
        ({"input": ["first", "second"]}, ["input names a pair of texts"]),
    ],
)
def test_windows_need_a_length_and_one_text(changes: dict[str, Any], said: list[str]) -> None:
    found = list(kind_inconsistencies({**WINDOWS, "data": {**WINDOWS["data"], **changes}}))
    assert [place for place, _ in found] == [("data", "long_texts")] * len(said)
    assert all(part in message for part, (_, message) in zip(said, found, strict=True))


def test_what_texts_have_is_taken() -> None:
    assert places(TEXT) == []


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("data", {**TEXT["data"], "resize": "pad"}, ("data", "resize")),
        ("data", {**TEXT["data"], "intensity": [0, 1]}, ("data", "intensity")),
        ("data", {**TEXT["data"], "on_bad_file": "skip"}, ("data", "on_bad_file")),
        (
            "backbone",
            {"preset": "bert_tiny_en_uncased", "image_size": 64},
            ("backbone", "image_size"),
        ),
        ("phases", [{"augment": "none"}, {"augment": {"flip": "both"}}], ("phases", 1, "augment")),
    ],
)
def test_what_does_nothing_for_texts_is_told(key: str, value: Any, place: tuple[Any, ...]) -> None:
    assert places({**TEXT, key: value}) == [place]


def test_images_have_no_tokens() -> None:
    assert places({**TEXT, "task": {"kind": "image_classification"}}) == [
        ("head", "pooling"),
        ("data", "sequence_length"),
    ]


def test_texts_have_no_image_size() -> None:
    document = {**TEXT, "phases": [{"name": "head"}, {"name": "top", "image_size": 64}]}
    ((place, message),) = kind_inconsistencies(document)
    assert place == ("phases", 1, "image_size")
    assert message == "it is the size of photos and other images, and task.kind text_classification has none; remove it"


@pytest.mark.parametrize("data", [{"kind": "arrays", "path": "a.npz"}, {"kind": "tfds", "name": "glue/sst2"}])
def test_empty_texts_can_be_left_out_of_data_that_hold_them(data: dict[str, Any]) -> None:
    document: dict[str, Any] = {
        "task": {"kind": "text_classification"},
        "data": {**data, "on_missing": "skip"},
        "backbone": {"kind": "keras_hub", "class": "BertBackbone"},
        "phases": "head",
    }
    assert read(document).data.on_missing == "skip"
