from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.kinds import kind_inconsistencies

MASKS = {
    "task": {"kind": "image_segmentation"},
    "data": {"kind": "folder", "path": "nuclei", "input": "images/*.png", "label": "masks/*.png"},
    "head": {"decoder": "unet", "width": 16},
    "backbone": {"kind": "applications", "name": "MobileNet"},
    "phases": [{"name": "head", "class_weights": "balanced"}],
}
CLASSES = {**MASKS, "task": {"kind": "image_classification"}, "data": {"kind": "folder"}, "head": {"pooling": "max"}}


def places(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [place for place, _ in kind_inconsistencies(document)]


def test_what_can_be_meant_is_taken() -> None:
    assert places(MASKS) == []
    assert places(CLASSES) == []
    objects = {"kind": "image_segmentation", "classes": {"0": "a", "1-9": "b"}, "border": {"name": "edge"}}
    assert places({**MASKS, "task": objects}) == []
    colours = {"kind": "image_segmentation", "classes": {"#000000": "a", "#0000ff": "b"}, "ignore": "#ffffff"}
    assert places({**MASKS, "task": colours}) == []
    assert places({**MASKS, "task": {"kind": "telepathy"}}) == []
    for backbone in ({"kind": "keras_hub", "class": "MiTBackbone"}, {"kind": "saved", "path": "mine.keras"}):
        assert places({**MASKS, "backbone": backbone}) == []


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("data", {"kind": "arrays"}, ("data", "kind")),
        ("data", {**MASKS["data"], "label": ["a", "b"]}, ("data", "label")),
        ("task", {**MASKS["task"], "ignore": "#ffffff"}, ("task", "ignore")),
        ("task", {**MASKS["task"], "border": {"name": "edge"}}, ("task", "border")),
        (
            "task",
            {**MASKS["task"], "classes": {"0": "a", "1": "b"}, "border": {"name": "edge"}},
            ("task", "border"),
        ),
        ("head", {"pooling": "max"}, ("head", "pooling")),
        ("head", {"hidden": [8]}, ("head", "hidden")),
        ("phases", [{"name": "a"}, {"name": "b", "sampling": "balanced"}], ("phases", 1, "sampling")),
    ],
)
def test_what_masks_leave_without_meaning_is_placed(key: str, value: Any, place: tuple[Any, ...]) -> None:
    assert places({**MASKS, key: value}) == [place]


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("head", {"decoder": "unet"}, ("head", "decoder")),
        ("head", {"stride": 2}, ("head", "stride")),
        ("data", {"kind": "folder", "label": "masks/*.png"}, ("data", "label")),
    ],
)
def test_what_only_masks_have_is_placed_elsewhere(key: str, value: Any, place: tuple[Any, ...]) -> None:
    assert places({**CLASSES, key: value}) == [place]


def test_a_value_is_ignored_or_of_a_class() -> None:
    task = {"kind": "image_segmentation", "classes": {"0": "background", "255": "cell"}}
    assert places({**MASKS, "task": {**task, "ignore": 7}}) == []
    ((place, message),) = kind_inconsistencies({**MASKS, "task": {**task, "ignore": 255}})
    assert place == ("task", "ignore")
    assert message.startswith('255 is the value of "cell"')
