from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kerastune_ft import durable
from kerastune_ft.rundir import RunDirectory


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    found = RunDirectory(tmp_path / "runs" / "x-1")
    found.path.mkdir(parents=True)
    yield found
    found.listener = None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "drive"


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out flushing, which takes most of the time of hundreds of small copies."""
    monkeypatch.setattr(durable, "sync", lambda descriptor: None)
    monkeypatch.setattr(durable, "sync_folder", lambda folder: None)
