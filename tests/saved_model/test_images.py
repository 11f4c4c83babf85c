from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.images.intensity import map_intensity
from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.input.decode import Geometry
from kerastune_ft.rules import FIRST
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.images import ImageServing
from kerastune_ft.tasks.classification import Classification

RANGES = {
    "unit": ((0.0, 1.0), np.float32),
    "signed unit": ((-1.0, 1.0), np.float32),
    "12 bits": ((0.0, 4095.0), np.uint16),
    "Hounsfield": ((-1000.0, 3000.0), np.int16),
}


def _serving(reading: ImageReading) -> ImageServing:
    keras.utils.set_random_seed(0)
    task = Classification(ImageClassification(), Head(), LabelScheme("one", ("cat", "dog")), 0)
    images = keras.Input((6, 8, 3))
    features = keras.layers.Conv2D(4, 3, name="body")(keras.layers.Rescaling(1 / 255)(images))
    model = keras.Model(images, task.head({"features": features}), name="small")
    return ImageServing(model, task, ServingSettings("small", "nothing"), Geometry(6, 8, "stretch"), reading)


@pytest.mark.parametrize("name", RANGES)
def test_it_takes_values_as_they_are_and_answers_as_after_mapping(tmp_path: Path, name: str) -> None:
    (low, high), dtype = RANGES[name]
    random = np.random.default_rng(0)
    # Beyond the range too, where they are cut off.
    values = random.uniform(low - (high - low) / 9, high + (high - low) / 9, (3, 9, 11, 3)).astype(dtype)
    mapped = np.stack([map_intensity(image, (low, high)) for image in values])
    expected = np.asarray(_serving(ImageReading()).model()(mapped))
    serving = _serving(ImageReading((low, high)))
    serving.model().save(tmp_path / "model.keras")
    opened = keras.models.load_model(tmp_path / "model.keras")
    assert np.abs(np.asarray(opened(np.float32(values))) - expected).max() < 1e-6
    assert serving.preprocessing()["range"] == [low, high]
    assert f"{low:g} to {high:g}" in serving.preprocessing()["input"]
    assert np.abs(serving.call(opened, list(np.float32(values))) - expected).max() < 1e-6


def test_models_of_the_first_rules_take_what_was_mapped() -> None:
    mapped = np.random.default_rng(0).integers(0, 256, (2, 9, 11, 3)).astype(np.uint8)
    expected = np.asarray(_serving(ImageReading()).model()(mapped))
    old = _serving(ImageReading((0.0, 4095.0), rules=FIRST))
    assert np.array_equal(np.asarray(old.model()(mapped)), expected)
    assert old.preprocessing()["input"] == "decoded RGB image, 0 to 255, any size"
    assert "range" not in old.preprocessing()


@pytest.mark.parametrize(("exif", "said"), [("apply", "exif_transpose"), ("ignore", "as they are stored")])
def test_it_says_what_becomes_of_rotated_photos(exif: Any, said: str) -> None:
    about = _serving(ImageReading(exif=exif)).preprocessing()
    assert about["range"] == [0, 255]
    assert said in about["decode"]["orientation"]
