"""Arguments of a call that become parts of a configuration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.api.arguments import check_sections, plain
from kerastune_ft.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("batch_size", 'write  defaults={"batch_size": ...}'),
        ("lr", 'write  defaults={"learning_rate": ...}'),
        ("weights", 'write  backbone={"name": ..., "weights": ...}'),
        ("image_size", 'write  backbone={"name": ..., "image_size": ...}'),
        ("resize", 'write  data={"path": ..., "resize": ...}'),
        ("pooling", 'write  head={"pooling": ...}'),
        ("precision", 'write  runtime={"precision": ...}'),
        ("trackers", 'write  output={"trackers": ...}'),
        ("hed", "did you mean 'head'?"),
        ("epoch", "did you mean 'epochs'?"),
        ("qqq", "it takes task, backbone, phases"),
    ],
)
def test_an_argument_that_there_is_not_is_said_with_where_it_belongs(name: str, remedy: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_sections([name])
    assert remedy in str(error.value)


def test_sections_are_taken() -> None:
    check_sections(["name", "seed", "head", "defaults", "runtime", "output"])


def test_values_of_python_become_those_of_json() -> None:
    given = {"a": (1, np.float32(0.5)), "b": Path("x/y"), "c": {"d": np.int64(3)}, "e": np.array([1, 2])}
    assert json.dumps(plain(given)) == '{"a": [1, 0.5], "b": "x/y", "c": {"d": 3}, "e": [1, 2]}'
