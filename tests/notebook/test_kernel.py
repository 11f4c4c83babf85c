from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.notebook.kernel import Output, is_notebook


def be_in(monkeypatch: pytest.MonkeyPatch, shell: Any) -> list[tuple[str, dict[str, str]]]:
    """Let IPython be imported, with this shell; the list gets what is displayed."""
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


def test_only_a_kernel_is_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not is_notebook()
    be_in(monkeypatch, None)
    assert not is_notebook()
    be_in(monkeypatch, SimpleNamespace())
    assert not is_notebook()
    be_in(monkeypatch, SimpleNamespace(kernel=object()))
    assert is_notebook()


def test_an_output_is_shown_once_and_then_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = be_in(monkeypatch, SimpleNamespace(kernel=object()))
    output = Output()
    assert shown == []
    output.write("<b>1</b>", "1")
    output.write("<b>2</b>", "2")
    assert shown == [
        ("shown", {"text/html": "<b>1</b>", "text/plain": "1"}),
        ("updated", {"text/html": "<b>2</b>", "text/plain": "2"}),
    ]


def test_errors_are_short_and_speak_python_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ConfigError("no run there;\nstart over with --fresh")
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert str(error) == "no run there;\nstart over with --fresh"
    be_in(monkeypatch, SimpleNamespace(kernel=object()))
    assert str(error) == "no run there;\nstart over with fresh=True"
    assert error._render_traceback_() == ["ConfigError: no run there;", "start over with fresh=True"]
