"""docs/architecture.md names files that exist, and is no longer than two pages."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from kerastune_ft.config.options.task_facts import BOXES, MASK, LabelKind

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"
TEXT = PAGE.read_text(encoding="utf-8")
# Paths within the package may stand without its name.
LABEL_KINDS = set(get_args(LabelKind))
NAMED = set(re.findall(r"`((?:[a-z_]+/)+[\w.]*)`", TEXT))
PATHS = sorted(path for path in NAMED if path.count("/") > 1 or path.endswith(".py"))


@pytest.mark.parametrize("path", PATHS)
def test_the_files_it_names_exist(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "kerastune_ft" / path).exists()


def test_it_names_every_room() -> None:
    rooms = {path.name for path in (ROOT / "kerastune_ft").iterdir() if (path / "__init__.py").exists()}
    table = TEXT[TEXT.index("## The rooms") : TEXT.index("## Adding to it")]
    assert {room for room in rooms if f"`{room}/`" not in table} == set()


def find_tables(module: Path) -> list[set[str]]:
    """Return the keys of the dicts of a module at its top whose keys are kinds of labels."""
    values = [getattr(node, "value", None) for node in ast.parse(module.read_text(encoding="utf-8")).body]
    # Some are wrapped, as in MappingProxyType({...}).
    dicts = [one for value in values for one in (value, *getattr(value, "args", ())) if isinstance(one, ast.Dict)]
    keys = [{find_key(key) for key in one.keys} for one in dicts if one.keys]
    return [each for each in keys if each <= LABEL_KINDS]


def find_key(node: ast.expr | None) -> str:
    """Return what a key is, a constant that stands for a kind of label included."""
    if isinstance(node, ast.Name):
        return {"MASK": MASK, "BOXES": BOXES}.get(node.id, "")
    return str(node.value) if isinstance(node, ast.Constant) else ""


def test_who_adds_a_kind_of_label_finds_every_table_of_them() -> None:
    package = ROOT / "kerastune_ft"
    listed = TEXT[TEXT.index("**A kind of label.**") : TEXT.index("**A metric**")]
    places = {str(path.relative_to(package)): find_tables(path) for path in package.rglob("*.py")}
    having = [path for path, tables in places.items() if tables]
    assert len(having) > 20
    assert [path for path in having if f"`{path}`" not in listed] == []
    of_all = [path for path, tables in places.items() if LABEL_KINDS in tables]
    assert [path for path in of_all if listed.index(f"`{path}`") > listed.index("What some kinds alone")] == []


def test_it_fits_on_two_pages() -> None:
    assert len(TEXT.split()) < 1600
    assert max(len(line) for line in TEXT.splitlines() if not line.startswith("|")) <= 120
