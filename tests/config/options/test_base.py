from __future__ import annotations

import pytest
from pydantic import ValidationError

from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL


def test_options_are_immutable() -> None:
    config = read(MINIMAL)
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 3  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        config.phases[0].epochs = 3  # type: ignore[misc]


def test_paths_that_are_not_utf8_are_written_too() -> None:
    document = {**MINIMAL, "data": {**MINIMAL["data"], "path": "/caf\udce9"}}
    written = read(document).to_json()
    assert written["data"]["path"] == "/caf\udce9"
    plain = read({**MINIMAL, "data": {**MINIMAL["data"], "path": "/caf"}}).to_json()
    assert {**written, "data": None} == {**plain, "data": None}
