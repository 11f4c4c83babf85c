"""Fixtures that open data sources, for the tests of data and of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.data import ArraysData, FolderData, TfdsData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from tests.support.image_files import Open


def _open(options: Any, cache: Path, classes: Any, said: list[str]) -> DataSource:
    return open_source(options, ImageClassification(classes=classes), cache, said.append)


@pytest.fixture
def said() -> list[str]:
    """What was reported to the user."""
    return []


@pytest.fixture
def open_folder(tmp_path: Path, said: list[str]) -> Open:
    def opened(path: Path, classes: Any = None, **options: Any) -> DataSource:
        return _open(FolderData(path=str(path), **options), tmp_path / "cache", classes, said)

    return opened


@pytest.fixture
def open_arrays(tmp_path: Path, said: list[str]) -> Open:
    def opened(path: Path, classes: Any = None, **options: Any) -> DataSource:
        return _open(ArraysData(path=str(path), **options), tmp_path / "cache", classes, said)

    return opened


@pytest.fixture
def open_tfds(tmp_path: Path, said: list[str]) -> Open:
    def opened(name: str, classes: Any = None, **options: Any) -> DataSource:
        return _open(TfdsData(name=name, **options), tmp_path / "cache", classes, said)

    return opened
