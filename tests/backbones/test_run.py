from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.build import build, outline
from kerastune_ft.config.options.backbones import EarlierRun
from kerastune_ft.graph import keras_private
from kerastune_ft.layers.decoders.unet import unet_decoder
from kerastune_ft.training.plan.document import unit_rows
from tests.support.graph_models import application

TAPS = ("stride4", "stride8", "stride16", "stride32")


def _dense_run(folder: Path, name: str) -> tuple[keras.Model, dict[str, Any]]:
    """Write what a run with a U-Net on a backbone leaves; return the backbone's model and its entry in the plan."""
    backbone = application(name).up_to(TAPS)
    trained = keras.Model(backbone.model.input, unet_decoder(backbone.endpoints, 2, (64, 64), 0, width=8))
    copy = keras.models.clone_model(trained)
    copy.set_weights(trained.get_weights())
    copy.name = "trained"
    images = keras.Input((None, None, 3), name="image")
    (folder / "model").mkdir(parents=True)
    keras.Model(images, copy(keras.layers.Resizing(64, 64)(images))).save(folder / "model" / "model.keras")
    makers = {tap: keras_private.maker(tensor) for tap, tensor in backbone.outputs.items()}
    about = {
        "name": name,
        "image_size": [64, 64],
        "preprocessing": backbone.preprocessing,
        "output": makers["stride32"],
        "endpoints": makers,
        "units": unit_rows(backbone.units),
    }
    plan = {"backbone": about, "head": {"layers": ["head_output"], "options": {}}, "text": None, "sound": None}
    (folder / "plan.json").write_text(json.dumps(plan))
    return backbone.model, about


@pytest.mark.parametrize("name", ["MobileNetV2", pytest.param("ConvNeXtTiny", marks=pytest.mark.slow)])
def test_feature_maps_of_an_earlier_run_are_found_again(tmp_path: Path, name: str) -> None:
    model, about = _dense_run(tmp_path / "earlier", name)
    backbone = build(EarlierRun(path=str(tmp_path / "earlier")), 0)
    assert list(backbone.endpoints) == list(TAPS)
    assert [unit.id for unit in backbone.units] == [row["id"] for row in about["units"]]
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    expected, found = model(images, training=False), backbone.model(images, training=False)
    assert all(np.array_equal(expected[tap], found[tap]) for tap in TAPS)


def test_units_of_an_earlier_run_are_those_of_its_plan(tmp_path: Path) -> None:
    _, about = _dense_run(tmp_path / "earlier", "MobileNetV3Small")
    units = outline(EarlierRun(path=str(tmp_path / "earlier"))).units
    assert unit_rows(units) == about["units"]
