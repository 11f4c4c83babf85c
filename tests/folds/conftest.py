"""A cross-validation that the tests of its parts share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft
from kerastune_ft.api.folds import CrossValidation
from tests.support import small_nets
from tests.support.plain_net import describe_parts
from tests.support.tiny_run import write_data


@pytest.fixture(scope="session")
def fold_document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("folds")
    write_data(folder / "data.npz")
    small_nets.save_net(folder / "net.keras", "plain")
    return {
        **(parts := describe_parts(folder, "cells")),
        "task": {**parts["task"], "unknown": 0.9},
        "defaults": {"batch_size": 10, "epochs": 2},
        "phases": [{"name": "head", "unfreeze": "none", "learning_rate": 0.03, "cache": "required"}],
        "output": {"directory": str(folder / "runs"), "checkpoint": {"every": {"steps": 1}}},
    }


@pytest.fixture(scope="session")
def crossvalidated(fold_document: dict[str, Any]) -> CrossValidation:
    return kerastune_ft.crossvalidate(fold_document, folds=2)


@pytest.fixture(scope="session")
def results(crossvalidated: CrossValidation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(crossvalidated.path) / "crossvalidation.json").read_text())
    return found
