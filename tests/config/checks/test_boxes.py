from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies

BOXES: dict[str, Any] = {
    "task": {"kind": "object_detection"},
    "data": {"kind": "folder", "path": "bccd", "annotations": "voc", "input": "images", "label": "xml"},
    "head": {"width": 32, "levels": [3, 4]},
    "backbone": {"kind": "applications", "name": "MobileNet"},
    "phases": [{"name": "head", "mixup": 0, "sampling": None}],
}
CLASSES = {**BOXES, "task": {"kind": "image_classification"}, "data": {"kind": "folder"}, "head": {}}


def places(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [place for place, _ in kind_inconsistencies(document)]


def test_what_can_be_meant_is_taken() -> None:
    assert places(BOXES) == []
    assert places(CLASSES) == []
    table = {"kind": "table", "input": "file", "label": "class", "boxes": ["a", "b", "c", "d"]}
    assert places({**BOXES, "data": table}) == []


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("data", {"kind": "arrays"}, ("data", "kind")),
        ("data", {"kind": "table", "input": "file", "label": ["a", "b"]}, ("data", "label")),
        ("data", {"kind": "folder", "resize": "crop"}, ("data", "resize")),
        ("head", {"pooling": "max"}, ("head", "pooling")),
        ("head", {"hidden": [8]}, ("head", "hidden")),
        ("head", {"decoder": "unet"}, ("head", "decoder")),
        ("head", {"stride": 2}, ("head", "stride")),
        ("phases", [{"name": "a"}, {"name": "b", "sampling": "balanced"}], ("phases", 1, "sampling")),
        ("phases", [{"name": "a", "mixup": 0.2}], ("phases", 0, "mixup")),
        ("phases", [{"name": "a", "cutmix": 1.0}], ("phases", 0, "cutmix")),
        ("phases", [{"name": "a", "label_smoothing": 0.1}], ("phases", 0, "label_smoothing")),
    ],
)
def test_what_boxes_leave_without_meaning_is_placed(key: str, value: Any, place: tuple[Any, ...]) -> None:
    assert places({**BOXES, key: value}) == [place]


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("head", {"levels": [3]}, ("head", "levels")),
        ("data", {"kind": "folder", "annotations": "coco"}, ("data", "annotations")),
        ("data", {"kind": "table", "boxes": ["a", "b", "c", "d"]}, ("data", "boxes")),
    ],
)
def test_what_only_boxes_have_is_placed_elsewhere(key: str, value: Any, place: tuple[Any, ...]) -> None:
    assert places({**CLASSES, key: value}) == [place]
