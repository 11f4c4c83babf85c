"""Configurations and overrides in the forms that a program has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.api.engine import list_overrides, resolve_config, with_objects
from kerastune_ft.errors import ConfigError
from kerastune_ft.own.objects import OwnObjects


def test_overrides_are_one_text_several_or_a_dict() -> None:
    assert (
        list_overrides("seed=3") == list_overrides(("seed=3",)) == list_overrides({"seed": np.int64(3)}) == ["seed=3"]
    )
    assert list_overrides({"data.path": Path("a"), "x": None, "y": (1, True)}) == [
        'data.path="a"', "x=null", "y=[1, true]",
    ]  # fmt: skip
    with pytest.raises(ConfigError, match=r"^overrides: .*set.*; give texts, numbers"):
        list_overrides({"x": {1}})


def test_every_function_takes_each_of_them() -> None:
    for overrides in ("seed=3", ["seed=3"], {"seed": 3}):
        assert resolve_config("medical", overrides).seed == 3
        assert next(row for row in kt.explain("medical", overrides) if row.path == "seed").value == 3


DOCUMENT = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "tfds", "name": "digits"},
    "backbone": {"kind": "saved", "path": "old.keras", "input": "-1-1"},
    "phases": [{"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1}],
}


def _loss(targets: Any, outputs: Any) -> Any:
    return outputs


def test_objects_are_recorded_and_at_hand_and_a_record_alone_is_refused() -> None:
    own = OwnObjects(loss=_loss)
    settings = with_objects(DOCUMENT, ["seed=3"], own)
    assert settings.own is own
    assert settings.python is not None and settings.python.loss is not None
    assert (settings.seed, settings.python.loss.name) == (3, "_loss")
    with pytest.raises(ConfigError, match=r"objects of Python \(loss _loss\), which no file can give"):
        with_objects(settings.to_json(), (), None)
    # With the objects the configuration of a run is as good as the one it began with.
    assert with_objects(settings.to_json(), (), own).python == settings.python
    with pytest.raises(ConfigError, match="not with a RunConfig"):
        with_objects(settings, (), own)
