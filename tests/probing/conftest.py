"""Sessions on a small net and on tiny texts, built once for the tests of probes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.training.devices import devices
from kerastune_ft.training.session.assemble import assemble
from kerastune_ft.training.session.session import Session
from tests.support.small_nets import save_net
from tests.support.tiny_run import document, write_data
from tests.support.tiny_text import text_document, write_texts


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("probing")


@pytest.fixture(scope="package")
def images(folder: Path) -> dict[str, Any]:
    """A configuration of head and top on a small net, which the tests may read alone."""
    made = document(write_data(folder / "data.npz"))
    made["backbone"] = save_net(folder / "plain.keras", "plain")
    made["phases"][1] |= {"augment": "none"}
    made["runtime"] = {"strategy": "none", "cache_directory": str(folder / "cache"), "cache_budget": "20GB"}
    return made


@pytest.fixture(scope="package")
def session(images: dict[str, Any]) -> Session:
    config = read(images)
    return assemble(config, devices.resolve(config.runtime), lambda line: None)


@pytest.fixture(scope="package")
def texts(folder: Path) -> Session:
    made = text_document(write_texts(folder / "texts.csv"))
    made["runtime"] = {"strategy": "none", "cache_directory": str(folder / "cache"), "cache_budget": "20GB"}
    config = read(made)
    return assemble(config, devices.resolve(config.runtime), lambda line: None)
