"""Sessions on a small net and on tiny texts, built once for the tests of probes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.training.session.session import Session
from tests.support.probe_sessions import image_document, open_session
from tests.support.tiny_text import text_document, write_texts


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("probing")


@pytest.fixture(scope="package")
def images(folder: Path) -> dict[str, Any]:
    """A configuration of head and top on a small net, which the tests may read alone."""
    return image_document(folder)


@pytest.fixture(scope="package")
def session(images: dict[str, Any]) -> Session:
    return open_session(images)


@pytest.fixture(scope="package")
def texts(folder: Path) -> Session:
    made = text_document(write_texts(folder / "texts.csv"))
    made["runtime"] = {"strategy": "none", "cache_directory": str(folder / "cache"), "cache_budget": "20GB"}
    return open_session(made)
