from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.notebook.kernel import Output, is_notebook
from tests.support.kernels import be_in


def test_only_a_kernel_is_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not is_notebook()
    be_in(monkeypatch, None)
    assert not is_notebook()
    be_in(monkeypatch, SimpleNamespace())
    assert not is_notebook()
    be_in(monkeypatch)
    assert is_notebook()


def test_an_output_is_shown_once_and_then_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = be_in(monkeypatch)
    output = Output()
    assert shown == []
    output.write("<b>1</b>", "1")
    output.write("<b>2</b>", "2")
    assert shown == [
        ("shown", {"text/html": "<b>1</b>", "text/plain": "1"}),
        ("updated", {"text/html": "<b>2</b>", "text/plain": "2"}),
    ]


def test_a_page_that_is_gone_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = be_in(monkeypatch)
    output = Output()
    output.write("<b>1</b>", "1")

    def fail(*values: object, **options: object) -> None:
        raise OSError("the socket is closed")

    monkeypatch.setattr(output, "_handle", SimpleNamespace(update=fail))
    output.write("<b>2</b>", "2")
    assert len(shown) == 1


def test_errors_are_short_and_speak_python_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ConfigError("no run there;\nstart over with --fresh")
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert str(error) == "no run there;\nstart over with --fresh"
    be_in(monkeypatch)
    assert str(error) == "no run there;\nstart over with fresh=True"
    assert error._render_traceback_() == ["ConfigError: no run there;", "start over with fresh=True"]
