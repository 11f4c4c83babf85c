"""docs/architecture.md names files that exist, and is no longer than two pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
TEXT = PAGE.read_text(encoding="utf-8")
# Paths within the package may stand without its name.
NAMED = set(re.findall(r"`((?:[a-z_]+/)+[\w.]*)`", TEXT))
PATHS = sorted(path for path in NAMED if path.count("/") > 1 or path.endswith(".py"))


@pytest.mark.parametrize("path", PATHS)
def test_the_files_it_names_exist(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "kerastune_ft" / path).exists()


def test_it_names_every_room() -> None:
    rooms = {path.name for path in (ROOT / "kerastune_ft").iterdir() if (path / "__init__.py").exists()}
    table = TEXT[TEXT.index("## The rooms") : TEXT.index("## Adding to it")]
    assert {room for room in rooms if f"`{room}/`" not in table} == set()


def test_it_fits_on_two_pages() -> None:
    assert len(TEXT.split()) < 1600
    assert max(len(line) for line in TEXT.splitlines() if not line.startswith("|")) <= 120
