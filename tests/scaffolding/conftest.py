"""What the tests of `init` share: an empty directory on a machine without network and accelerator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.backbones.hub import presets
from kerastune_ft.backbones.keras_applications import imagenet
from kerastune_ft.errors import ConfigError
from kerastune_ft.scaffolding.suggest import images


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory on a machine with CPUs and no way to weights."""

    def absent(*asked: Any) -> None:
        raise ConfigError("not there")

    monkeypatch.setattr(imagenet, "require_weights", absent)
    monkeypatch.setattr(presets, "locate", absent)
    monkeypatch.setattr(images, "device", lambda: "cpu")
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"
