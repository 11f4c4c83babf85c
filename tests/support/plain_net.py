"""Runs of a plain small net on tiny data, of which each test writes its own phases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support import small_nets
from tests.support.tiny_run import write_data


def write_parts(folder: Path) -> Path:
    """Write the data and the net into a folder, and return it."""
    write_data(folder / "data.npz")
    small_nets.save_net(folder / "net.keras", "plain")
    return folder


def describe_parts(folder: Path, name: str) -> dict[str, Any]:
    """Return a configuration of the parts in a folder, without phases."""
    return {
        "name": name,
        "seed": 3,
        "task": {"kind": "image_classification", "classes": ["0", "1"]},
        "data": {"kind": "arrays", "path": str(folder / "data.npz")},
        "backbone": {"kind": "saved", "path": str(folder / "net.keras")},
        "runtime": {"cache_directory": str(folder / "cache")},
    }
