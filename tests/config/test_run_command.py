"""The command that makes a run which is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.documents.files import SHIPPED
from kerastune_ft.config.run_command import find_command, find_maker


def test_it_is_known_where_a_configuration_of_its_name_is_near(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_command("runs/notes-adapt") is None
    (tmp_path / "notes-adapt.json").write_text("{}")
    wanted = "python -m kerastune_ft run notes-adapt.json --run-dir runs/notes-adapt"
    assert find_command("runs/notes-adapt") == wanted
    assert find_command(str(tmp_path / "runs" / "notes-adapt")) == wanted
    (tmp_path / "runs" / "notes-adapt").mkdir(parents=True)
    assert find_command("runs/notes-adapt") is None, "it is there, and something else is the matter"


def test_a_configuration_that_comes_with_the_package_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = "python -m kerastune_ft run smoke/adaptation --run-dir runs/smoke_adaptation"
    assert find_command("runs/smoke_adaptation") == wanted
    inside = SHIPPED / "smoke" / "runs" / "smoke_adaptation"
    assert find_command(inside) == f"{wanted}, and begin with it by --set backbone.path=runs/smoke_adaptation"


def test_the_command_that_made_a_run_which_is_there_is_known_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "notes-adapt").mkdir(parents=True)
    assert find_maker("runs/notes-adapt") is None
    (tmp_path / "notes-adapt.json").write_text("{}")
    assert find_maker("runs/notes-adapt") == "python -m kerastune_ft run notes-adapt.json --run-dir runs/notes-adapt"
