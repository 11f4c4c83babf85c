"""A kernel of a notebook that is none: IPython as far as the program asks it, and what was displayed in it."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

NOTEBOOK = SimpleNamespace(kernel=object())


def be_in(monkeypatch: pytest.MonkeyPatch, shell: Any = NOTEBOOK) -> list[tuple[str, dict[str, str]]]:
    """Let IPython be imported, with this shell; the list gets what is displayed, and how."""
    shown: list[tuple[str, dict[str, str]]] = []

    def display(content: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        assert raw and display_id
        shown.append(("shown", content))
        return SimpleNamespace(update=lambda content, raw: shown.append(("updated", content)))

    package, module = ModuleType("IPython"), ModuleType("IPython.display")
    package.get_ipython = lambda: shell  # type: ignore[attr-defined]
    module.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return shown
