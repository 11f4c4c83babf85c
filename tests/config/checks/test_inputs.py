"""Several inputs in a configuration: what they need, and what they cannot have."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import ConfigError

IMAGES = {"kind": "applications", "name": "MobileNetV2", "weights": None}
TEXTS = {"kind": "keras_hub", "class": "BertBackbone"}
DATA = {
    "kind": "table",
    "path": "t.csv",
    "input": {"image": "photos/{id}.jpg", "numbers": ["age"], "words": ["ward"]},
    "label": ["dx", "dy"],
}
BASE = {
    "task": {"kind": "image_regression"},
    "data": DATA,
    "backbone": IMAGES,
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 1, "learning_rate": 0.001}],
}


def problems(**changes: Any) -> dict[str, str]:
    try:
        read({**BASE, **changes})
    except ConfigError as error:
        return {"/" + "/".join(map(str, problem.place.path)): problem.message for problem in error.problems}
    return {}


def phase(**keys: Any) -> list[dict[str, Any]]:
    return [{**BASE["phases"][0], **keys}]


def inputs(**named: Any) -> dict[str, Any]:
    return {**DATA, "input": named}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"data": inputs(image=["a", "b"])},
        {"data": inputs(image="a", text="b"), "backbone": {"image": IMAGES, "text": TEXTS}},
        {"data": inputs(text="b", numbers=["age"]), "task": {"kind": "text_regression"}, "backbone": TEXTS},
        {"phases": phase(augment="light")},
        {"phases": [{"name": "head", "unfreeze": "none", "epochs": 9, "optimizer": {"name": "lbfgs", "l2": 0.01}}]},
        {"phases": "auto"},
    ],
)
def test_these_fit(changes: dict[str, Any]) -> None:
    assert problems(**changes) == {}
    assert read({**BASE, **changes}).modality == "several_inputs"


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"data": inputs(image="x")}, "/data/input", 'a single input is written without a name, as "x"'),
        ({"data": inputs(numbers=["age"])}, "/data/input", 'needs "image" among the inputs'),
        ({"data": inputs(image="x", numbers=["dx"])}, "/data/input/numbers", '"dx" is the label too'),
        ({"data": inputs(image="x", words=["a", "a"])}, "/data/input/words", '"a" is named twice'),
        ({"data": inputs(image="x", text="n")}, "/backbone", "image and text each need a backbone of their own"),
        ({"backbone": {"image": IMAGES, "text": TEXTS}}, "/backbone", "the inputs have no text for a second backbone"),
        ({"data": {**DATA, "input": "x"}, "backbone": {"image": IMAGES, "text": TEXTS}}, "/backbone", "names one"),
        ({"phases": phase(mixup=0.2)}, "/phases/0/mixup", "cannot be mixed"),
        ({"phases": phase(image_size=64)}, "/phases/0/image_size", "all phases have the size of the backbone"),
        ({"task": {"kind": "audio_classification"}}, "/data/input", "task.kind is audio_classification"),
        ({"task": {"kind": "image_segmentation"}}, "/data/input", "task.kind is image_segmentation"),
    ],
)
def test_these_do_not(changes: dict[str, Any], place: str, said: str) -> None:
    found = problems(**changes)
    assert said in found[place]


def test_the_backbones_of_a_map_are_checked_one_by_one() -> None:
    both = {"image": {**IMAGES, "name": "MobileNetV22"}, "text": {"kind": "applications", "name": "MobileNet"}}
    found = problems(data=inputs(image="a", text="b"), backbone=both)
    assert 'did you mean "MobileNetV2"?' in found["/backbone/image/name"]
    assert "MobileNet takes images, and this is the backbone of texts" in found["/backbone/text/name"]


def test_one_input_has_the_hash_it_had_before_there_were_several() -> None:
    config = read({**BASE, "data": {**DATA, "input": "photos/{id}.jpg"}})
    assert config_hash(config) == "2e32a01ed45918df48910309de04ac2fe4f8711832e65a3b5f67b7600d85adbe"
