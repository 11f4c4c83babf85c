from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest

from kerastune_ft.config.options.task_facts import IMAGE, MASK
from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.graphs import build
from kerastune_ft.exporting.script_table import SCRIPTS


def test_every_form_of_graphs_has_a_script() -> None:
    for module, name in build._GRAPHS.values():
        form = getattr(importlib.import_module(module), name).form
        assert any(other == form for _, other in SCRIPTS), name
    assert build._GRAPHS[IMAGE, MASK] != build._GRAPHS[IMAGE, None]


def test_a_modality_without_graphs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "facts", lambda task: SimpleNamespace(modality="smell", labels="one", writes=False))
    with pytest.raises(ConfigError, match="runs of smelling cannot be exported"):
        build.open_graphs(None, SimpleNamespace(modality="smell", task=SimpleNamespace(kind="smelling")), {})  # type: ignore[arg-type]
