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
