from __future__ import annotations

import importlib.metadata
import json
import zipfile
from pathlib import Path

import keras
import pytest

from kerastune_ft.keras_file import describe_newer


def _write(path: Path, version: object) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
    return path


def test_only_a_newer_version_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "3.13.2")
    said = describe_newer(_write(tmp_path / "newer.keras", "3.15.1"))
    assert said is not None
    assert "Keras 3.15.1 wrote it" in said and "Keras 3.13.2 is here" in said and '"keras>=3.15.1"' in said
    for version in ("3.13.2", "3.9.9", None, 3):
        assert describe_newer(_write(tmp_path / "other.keras", version)) is None


def test_the_version_is_read_that_keras_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = keras.__version__
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).save(tmp_path / "model.keras")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "3.0.0")
    assert f"Keras {written} wrote it" in str(describe_newer(tmp_path / "model.keras"))


def test_what_is_no_such_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"PK no archive")
    assert describe_newer(tmp_path / "model.keras") is None
    assert describe_newer(tmp_path / "none.keras") is None
