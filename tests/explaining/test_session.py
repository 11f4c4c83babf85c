from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.session import open_final_model
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.watch import Watcher


def test_an_ensemble_is_refused_with_the_place_of_its_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = RunDirectory(tmp_path)
    target.commit_json("plan.json", {})
    monkeypatch.setattr("kerastune_ft.explaining.session.is_whole", lambda document: True)
    config: Any = None
    with pytest.raises(ConfigError, match="is an ensemble, and each of its members has maps of its own"):
        open_final_model(target, config, "test", Watcher())
