"""A head of the caller's in a session, and what a session without it needs."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import pytest

import kerastune_ft as kt
from kerastune_ft.config.python_objects import PythonObject, PythonObjects
from kerastune_ft.errors import ConfigError
from kerastune_ft.own.objects import OwnObjects
from kerastune_ft.training.session.own_objects import find_kept_outputs, settle_head
from tests.support.mask_files import IGNORED, write_scenes

HEAD = PythonObjects(head=PythonObject(name="build_head"))
LOSS = PythonObjects(loss=PythonObject(name="half"))


def _config(python: PythonObjects | None, own: Any = None) -> Any:
    return SimpleNamespace(python=python, own=own)


def _backbone(outputs: Any = None, weights: Any = None) -> Any:
    return SimpleNamespace(kept_outputs=outputs, kept_head=weights or {})


def test_a_finished_run_is_measured_by_its_saved_head() -> None:
    assert find_kept_outputs(_config(HEAD), _backbone("outputs")) == "outputs"
    assert find_kept_outputs(_config(LOSS), _backbone(weights={"dense": []})) is None
    assert find_kept_outputs(_config(None), _backbone()) is None
    # Metrics that are given to measure a finished run.
    assert find_kept_outputs(_config(HEAD, own=OwnObjects(metrics={})), _backbone("outputs")) == "outputs"
    assert find_kept_outputs(_config(LOSS, own=OwnObjects(loss=keras.losses.Huber())), _backbone()) is None
    assert find_kept_outputs(_config(HEAD, own=OwnObjects(head=keras.layers.Dense(2))), _backbone("outputs")) is None


@pytest.mark.parametrize("python", [HEAD, LOSS])
def test_without_the_objects_nothing_is_trained(python: PythonObjects) -> None:
    with pytest.raises(ConfigError, match=r"goes with objects of Python .*call kt\.run"):
        find_kept_outputs(_config(python), _backbone())
    with pytest.raises(ConfigError, match="cannot be trained on"):
        find_kept_outputs(_config(None), _backbone("outputs"))


def test_a_layer_that_no_file_can_hold_is_refused_before_training() -> None:
    class Odd(keras.layers.Layer):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.width = width

    def odd(inputs: Any) -> Any:
        return inputs

    config = _config(HEAD, OwnObjects(head=odd))
    with pytest.raises(ConfigError, match=r"head: layer head_1_odd \(Odd\) cannot be saved"):
        settle_head(config, [Odd(3)])
    settle_head(config, [layer := keras.layers.Dense(3)])
    assert layer.name == "head_1_dense"


def test_units_above_the_maps_that_a_head_reads_are_no_part_of_the_model(tmp_path: Path) -> None:
    def decode(features: Any, outputs: int) -> Any:
        return keras.layers.Conv2D(outputs, 1)(features["stride8"])

    write_scenes(tmp_path / "scenes", 12)
    phase = {"unfreeze": {"last": 1}, "epochs": 1, "batch_size": 4, "learning_rate": 0.01}
    document = {
        "task": {"kind": "image_segmentation", "classes": {"0": "a", "128": "a", "255": "b"}, "ignore": IGNORED},
        "data": {"kind": "folder", "path": str(tmp_path / "scenes")},
        "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded", "image_size": 32},
        "phases": [{"name": "top", **phase}],
    }
    backbone = kt.plan(document, head=decode).document["backbone"]
    assert list(backbone["endpoints"]) == ["stride2", "stride4", "stride8"]
    assert [unit["id"] for unit in backbone["units"]][-1] == "block5"
    with pytest.raises(kt.ConfigError, match="block12"):
        kt.plan(document, head=decode, overrides={"phases[0].unfreeze": {"from": "block12"}})
