from __future__ import annotations

import ast

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.formats.base import FORMATS
from kerastune_ft.exporting.script_table import BESIDE, SCRIPTS, find_script, list_beside, read_script
from tests.support.places import ROOT

MOST_LINES, MOST_LINES_BESIDE = 60, 80


def count_code_lines(text: str) -> int:
    """Return the lines that are neither blank nor comments, docstrings or imports."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        ):
            left_out |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(map(str.strip, text.splitlines()), start=1)
    return sum(bool(line) and not line.startswith("#") and number not in left_out for number, line in lines)


@pytest.mark.parametrize("name", sorted(set(SCRIPTS.values())))
def test_scripts_are_short_and_stand_alone(name: str) -> None:
    text = read_script(name).decode()
    assert count_code_lines(text) <= MOST_LINES
    assert "import kerastune_ft" not in text and "from kerastune_ft" not in text
    for function in ("load", "read", "predict", "main"):
        assert f"\ndef {function}(" in text, function


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_what_stands_beside_a_script_stands_alone_too(name: str) -> None:
    for file, content in list_beside(name).items():
        assert file in read_script(name).decode() and "kerastune_ft" not in content.decode()
        assert count_code_lines(content.decode()) <= MOST_LINES_BESIDE


def test_what_scripts_share_is_the_same_in_all() -> None:
    functions: dict[str, set[str]] = {}
    for name in set(SCRIPTS.values()):
        for node in ast.parse(read_script(name)).body:
            if isinstance(node, ast.FunctionDef):
                form = name.split("_")[-1]
                functions.setdefault(f"{node.name} of {form}", set()).add(ast.unparse(node))
    assert len(functions["answer of image"]) == len(functions["main of image"]) == len(functions["main of masks"]) == 1
    # TensorFlow reads files itself.
    assert len(functions["read of image"]) == 2 and len(functions["read of masks"]) == 1
    assert functions["read of masks"] < functions["read of image"]
    assert len(functions["name_boxes of boxes"]) == len(functions["main of boxes"]) == 1
    assert functions["read of boxes"] == functions["read of image"]
    assert functions["read of tiles"] == functions["read of masks"]
    assert functions["main of tiles"] == functions["main of masks"]
    assert len(functions["main of inputs"]) == len(functions["answer of inputs"]) == 1
    # TensorFlow reads files, strings and words itself.
    assert len(functions["read of inputs"]) == 2


def test_every_script_is_in_the_table_and_every_format_there_is() -> None:
    folder = ROOT / "kerastune_ft/exporting/scripts"
    paths = [path for path in folder.rglob("*.py") if path.stem != "__init__"]
    files = {".".join(path.relative_to(folder).with_suffix("").parts) for path in paths}
    beside = {f"{name.rpartition('.')[0]}.{each}" for name, names in BESIDE.items() for each in names}
    assert files == {*SCRIPTS.values(), *beside}
    # The folder of transformers is opened by transformers.
    assert {name for name, _ in SCRIPTS} == set(FORMATS) - {"transformers"}


def test_a_format_that_cannot_names_those_that_can() -> None:
    with pytest.raises(ConfigError, match=r"onnx.* can$"):
        find_script("coreml", "image")
