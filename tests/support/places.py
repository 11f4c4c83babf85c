"""Folders of the checkout, and the environment of a process that imports from it wherever it runs."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
SCRIPTS = ROOT / "scripts"


def import_environment(*folders: Path, **variables: str) -> dict[str, str]:
    """Return this process's environment with folders, or else the root of the checkout, before PYTHONPATH."""
    path = [*map(str, folders or (ROOT,)), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), **variables}
