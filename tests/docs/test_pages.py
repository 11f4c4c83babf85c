"""README and docs: what they show is read, compiled or looked up, their links lead somewhere, and lines are short."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from kerastune_ft.cli import main
from kerastune_ft.config.documents.files import shipped_names
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from tests.support.places import ROOT

README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
# What stands for a value of the reader's in pieces of configurations.
PLACEHOLDERS = r"[a-z]|unit|regex|splits\.csv|\.\.\.|\{\.\.\.\}|\[\.\.\.\]|patterns of \w+ \w+|low, high|centre, width"
ONE_OF_MANY = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(page: Path, *languages: str) -> list[str]:
    """Return the fenced blocks of a page in one of these languages."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.S | re.M)
    return [text for language, text in found if language in languages]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)


def inline(page: Path) -> list[str]:
    """Return the pieces of code within the sentences and tables of a page, line breaks as blanks."""
    return [" ".join(piece.split()).replace("\\|", "|") for piece in re.findall(r"`([^`]+)`", prose(page))]


def anchors(page: Path) -> set[str]:
    """Return what a link may name in a page: its headings as GitHub writes them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> list[list[str]]:
    """Return the arguments of every command of the program in console blocks and in sentences."""
    lines = [line for block in blocks(page, "console") for line in block.splitlines()] + inline(page)
    found = re.findall(r"(?:^|&& |srun )python -m kerastune_ft ([^&|\n]*)", "\n".join(lines), re.M)
    short = [piece for piece in inline(page) if piece.split()[0] in main.commands and " " in piece]
    return [shlex.split(one, comments=True) for one in (*found, *short)]


@ONE_OF_MANY
def test_json_is_a_configuration_that_is_read(page: Path) -> None:
    for block in blocks(page, "json"):
        document = json.loads(block)
        try:
            read(document)
        except ConfigError as error:
            pytest.fail(f"{block}\n{error}")


@ONE_OF_MANY
def test_pieces_of_configurations_are_json(page: Path) -> None:
    pieces = [piece for piece in inline(page) if re.match(r'\{?"[\w$ ]+": ', piece)]
    for piece in pieces:
        whole = piece if piece.startswith("{") else "{" + piece + "}"
        whole = re.sub(rf"(?<=: )({PLACEHOLDERS})(?=[,}}])|(?<=\[)({PLACEHOLDERS})(?=\])", "null", whole)
        try:
            assert isinstance(json.loads(whole), dict)
        except json.JSONDecodeError as error:
            pytest.fail(f"{piece}: {error}")


@ONE_OF_MANY
def test_python_compiles_and_uses_names_that_are_there(page: Path) -> None:
    import kerastune_ft

    for block in blocks(page, "python"):
        tree = ast.parse(block)
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "kt"
        }
        assert used <= set(kerastune_ft.__all__)
    named = {name for piece in inline(page) for name in re.findall(r"\bkt\.(\w+)", piece)}
    assert named <= set(kerastune_ft.__all__)


@ONE_OF_MANY
def test_commands_and_their_options_exist(page: Path) -> None:
    for name, *arguments in commands(page):
        command = main.commands.get(name)
        assert command is not None, name
        assert {one for one in arguments if one.startswith("--")} <= options(command), [name, *arguments]


def options(command: click.Command) -> set[str]:
    """Return the long options of a command; of `--set a=b` the value is an argument of its own."""
    return {name for one in command.params for name in one.opts if isinstance(one, click.Option)} | {"--help"}


@ONE_OF_MANY
def test_configurations_that_commands_name_are_shipped(page: Path) -> None:
    named = [one for _, *rest in commands(page) for one in rest if one.startswith(("configs/", "smoke/"))]
    names = shipped_names()
    for one in named:
        assert (ROOT / one).exists() or one in names or (ROOT / "configs" / f"{one}.json").exists(), one


@ONE_OF_MANY
def test_links_lead_to_pages_and_headings(page: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@ONE_OF_MANY
def test_files_of_the_repository_that_it_names_are_there(page: Path) -> None:
    named = [piece.split()[0] for piece in inline(page) if re.match(r"(scripts|configs|tests)/\w", piece)]
    for one in named:
        assert (ROOT / one).exists(), one


@ONE_OF_MANY
def test_lines_are_short(page: Path) -> None:
    """Rows of tables cannot be broken."""
    long = [line for line in page.read_text(encoding="utf-8").splitlines() if len(line) > 120]
    assert [line for line in long if not line.startswith("|")] == []


def test_the_readme_is_short_and_links_every_page() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert [page.name for page in PAGES[1:] if f"](docs/{page.name})" not in text] == []


def test_the_readme_has_the_two_commands() -> None:
    """A fresh clone is checked with exactly these."""
    lines = [line for block in blocks(README, "console") for line in block.splitlines() if line.startswith("pip ")]
    assert lines == [
        "pip install -e . && python -m kerastune_ft run configs/medical.json",
        'pip install -e ".[test]" && scripts/check',
    ]


def test_the_picture_is_small() -> None:
    assert (ROOT / "docs" / "images" / "report.png").stat().st_size < 150_000


def test_looking_things_up_can_fail(tmp_path: Path) -> None:
    """A page with a fault of each kind is found out by these tests."""
    page = tmp_path / "page.md"
    wrong: dict[str, Any] = {
        '```json\n{"task": {"kind": "image_classification"}}\n```\n': test_json_is_a_configuration_that_is_read,
        'Write `"epochs": {1}` there.\n': test_pieces_of_configurations_are_json,
        "```python\nkt.trane()\n```\n": test_python_compiles_and_uses_names_that_are_there,
        "```console\npython -m kerastune_ft run a.json --frsh\n```\n": test_commands_and_their_options_exist,
        "Call `predict RUN --from a.csv`.\n": test_commands_and_their_options_exist,
        "See [there](#nowhere).\n": test_links_lead_to_pages_and_headings,
        "Run `scripts/nothing`.\n": test_files_of_the_repository_that_it_names_are_there,
        "x" * 121 + "\n": test_lines_are_short,
    }
    for text, check in wrong.items():
        page.write_text(text, encoding="utf-8")
        with pytest.raises((AssertionError, pytest.fail.Exception)):
            check(page)
