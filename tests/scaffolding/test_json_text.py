from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.scaffolding.json_text import as_text
from tests.support.init_data import write_image


@pytest.fixture(autouse=True)
def photos(here: Path) -> None:
    for name in ("cat", "dog"):
        for number in range(4):
            write_image(here / "photos" / name / f"{number}.png")


def test_short_objects_stand_on_a_line_and_commented_ones_do_not() -> None:
    text = as_text({"a": {"b": 1}, "c": {"// d": "why", "d": [1, 2]}})
    assert text == '{\n  "a": {"b": 1},\n  "c": {\n    "// d": "why",\n    "d": [1, 2]\n  }\n}'
