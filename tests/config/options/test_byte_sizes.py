"""runtime.cache_budget: a number of bytes, or text with a unit."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.config_cases import MINIMAL


@pytest.mark.parametrize("value", [1, 20_000_000_000, "20GB", "1.5 TiB", "500 mb", None])
def test_amounts_are_kept_as_they_are_written(value: Any) -> None:
    config = read({**MINIMAL, "runtime": {"cache_budget": value}})
    assert config.runtime.cache_budget == value
    assert config.to_json()["runtime"]["cache_budget"] == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, 'write at least 1, or "cache": "off" to store nothing'),
        (-5, 'write at least 1, or "cache": "off" to store nothing'),
        ("0GB", 'that is less than 1 byte; write an amount like 20GB, or "cache": "off" to store nothing'),
        ("20", "write a number of bytes, or text like 20GB, 1.5TB or 500MiB"),
        ("20 %", "write a number of bytes, or text like 20GB, 1.5TB or 500MiB"),
        (1.5, "write a number of bytes, or text like 20GB, 1.5TB or 500MiB"),
        (True, "write a number of bytes, or text like 20GB, 1.5TB or 500MiB"),
        (["20GB"], "write a number of bytes, or text like 20GB, 1.5TB or 500MiB"),
    ],
    ids=str,
)
def test_anything_else_says_what_to_write(value: Any, message: str) -> None:
    with pytest.raises(ConfigError) as told:
        read({**MINIMAL, "runtime": {"cache_budget": value}})
    (problem,) = told.value.problems
    assert problem.to_json()["place"] == "runtime.cache_budget"
    assert message in str(told.value)
