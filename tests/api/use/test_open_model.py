from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.api.use.open_model import open_model
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory


def test_a_run_without_a_model_says_so_before_the_engine_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text('{"state": "failed", "message": "no such file"}')
    loads: list[None] = []
    monkeypatch.setattr("kerastune_ft.api.use.open_model.load_engine", lambda: loads.append(None))
    with (
        pytest.raises(ConfigError, match=r"has no model: it failed \(no such file\)"),
        open_model(RunDirectory(tmp_path), "in a test", "free some"),
    ):
        loads.append(None)
    assert not loads
