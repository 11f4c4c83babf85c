"""The backbone that a call is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import pytest

from kerastune_ft.api.given.model import find_backbone, with_backbone
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ("MobileNetV2", "MobileNetV2"),
        (Path("a/b.keras"), "a/b.keras"),
        ({"name": "MobileNetV2", "weights": Path("w.h5")}, {"name": "MobileNetV2", "weights": "w.h5"}),
    ],
)
def test_names_paths_and_options_stay(given: Any, expected: Any) -> None:
    assert find_backbone(given, "runs") == expected


def test_a_model_is_written_once_with_its_weights(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    path = find_backbone(model, tmp_path)
    assert find_backbone(model, tmp_path) == path
    found = keras.models.load_model(path)
    assert all((one == other).all() for one, other in zip(found.get_weights(), model.get_weights(), strict=True))
    model.layers[-1].bias.assign([1.0, 2.0])
    assert find_backbone(model, tmp_path) != path


@pytest.mark.parametrize("given", [3, object(), ["MobileNetV2"]])
def test_what_is_no_model_is_refused(given: Any) -> None:
    with pytest.raises(ConfigError, match="is no model; give a name"):
        find_backbone(given, "runs")


DOCUMENT = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "tfds", "name": "digits"},
    "backbone": {"kind": "saved", "path": "old.keras", "input": "-1-1"},
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1}],
}


def test_a_model_takes_the_place_of_the_backbone_and_keeps_its_range(tmp_path: Path) -> None:
    images = keras.Input((8, 8, 3))
    model = keras.Model(images, keras.layers.Conv2D(2, 3)(images))
    (override,) = with_backbone(DOCUMENT, (), model, tmp_path)
    options = json.loads(override.removeprefix("backbone="))
    assert (options["kind"], options["input"]) == ("saved", "-1-1")
    assert Path(options["path"]).exists()
    assert read(DOCUMENT, [override]).backbone.kind == "saved"
    (named,) = with_backbone("medical", (), {"path": model, "input": "0-1"}, tmp_path)
    assert json.loads(named.removeprefix("backbone="))["input"] == "0-1"
    assert with_backbone(DOCUMENT, ("seed=1",), None, None) == ("seed=1",)
    with pytest.raises(ConfigError, match="a name or a path is written in the configuration"):
        with_backbone(DOCUMENT, (), "MobileNetV2", None)
