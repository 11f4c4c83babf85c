"""docs/python.md has every function of the package, with all arguments in their order."""

from __future__ import annotations

import inspect
import re

import pytest

import kerastune_ft as kt
from tests.support.places import ROOT

TABLE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
WRITTEN = dict(re.findall(r"^\| `kt\.(\w+)\((.*?)\)`", TABLE, re.MULTILINE))
FUNCTIONS = sorted(name for name in kt.__all__ if name[0].islower())


def test_all_functions_are_there() -> None:
    assert sorted(WRITTEN) == FUNCTIONS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_those_of_the_function(name: str) -> None:
    written = [part.partition("=")[0].strip() for part in WRITTEN[name].split(",")]
    parameters = inspect.signature(getattr(kt, name)).parameters.values()
    assert [word.lstrip("*") for word in written if word != "*"] == [each.name for each in parameters]
    by_name = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
    assert written[written.index("*") + 1 :][: len(by_name)] == by_name if by_name else "*" not in written
