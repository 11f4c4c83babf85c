"""Configurations and overrides in the forms that a program has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import kerastune_ft as kt
from kerastune_ft.api.engine import list_overrides, resolve_config
from kerastune_ft.errors import ConfigError


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
