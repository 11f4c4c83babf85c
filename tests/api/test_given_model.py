"""The backbone that a call is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest

from kerastune_ft.api.given_model import find_backbone
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
