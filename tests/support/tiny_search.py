"""A search that takes seconds: two phases on a small net, a continuous range and two lists of choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.api.search import SearchResult
from tests.support.tiny_run import write_data

SPACE: dict[str, Any] = {
    "phases.top.learning_rate": {"low": 1e-4, "high": 1e-1, "scale": "log"},
    "phases.top.unfreeze": [{"last": 1}, {"last": 2}],
    "phases.head.learning_rate": [0.01, 0.05],
}

BASE: dict[str, Any] = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "photos"},
    "backbone": {"kind": "applications", "name": "MobileNetV2"},
    "phases": [
        {"name": "head", "unfreeze": "none", "epochs": 5, "learning_rate": 0.001},
        {"name": "top", "unfreeze": {"last": 2}, "epochs": 5, "learning_rate": 1e-4},
    ],
}


def write(folder: Path, output: str = "runs") -> Path:
    """Write data, net and configuration; return the configuration's path."""
    # Keras takes seconds to import, and every process of tests imports this file.
    from tests.support import small_nets

    write_data(folder / "data.npz")
    small_nets.save_net(folder / "net.keras", "plain")
    document = {
        "name": "tiny",
        "seed": 3,
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": "data.npz"},
        "backbone": {"kind": "saved", "path": "net.keras"},
        "head": {"dropout": 0.2},
        "defaults": {"batch_size": 24, "epochs": 2},
        "phases": [
            {"name": "head", "unfreeze": "none", "learning_rate": 0.01},
            {"name": "top", "unfreeze": {"last": 1}, "learning_rate": {"peak": 0.001, "unit_decay": 0.5}, "epochs": 3},
        ],
        "runtime": {"cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder / output)},
    }
    path = folder / "tiny.json"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(scope="session")
def search_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and its data."""
    made = tmp_path_factory.mktemp("searched")
    write(made)
    return made


@pytest.fixture(scope="session")
def searched(search_folder: Path) -> SearchResult:
    """A search of seven trials, trained once in a process."""
    return kt.search(search_folder / "tiny.json", SPACE, trials=7, metric="validation_loss")


def write_space(folder: Path) -> Path:
    """Write the space as a file and return its path."""
    path = folder / "space.json"
    path.write_text(json.dumps(SPACE))
    return path


def write_other_data(path: Path) -> None:
    """Change one pixel of the data."""
    import numpy as np

    found = dict(np.load(path))
    found["x"][0, 0, 0, 0] ^= 1
    np.savez(path, **found)
