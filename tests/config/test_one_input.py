"""What takes examples of one input alone says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.one_input import need_one_input
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.several_inputs import document


def test_several_inputs_are_refused_with_what_takes_them(tmp_path: Path) -> None:
    config = read(document(tmp_path, {"image": "left/{id}.png", "numbers": ["x"]}))
    with pytest.raises(ConfigError, match=r"export: the examples of several have several inputs .*; use `predict`"):
        need_one_input(config, "export", "use `predict` with a table")


def test_one_input_is_not(tmp_path: Path) -> None:
    plain = document(tmp_path, {})
    plain["data"]["input"] = "left/{id}.png"
    need_one_input(read(plain), "export", "use `predict` with a table")
