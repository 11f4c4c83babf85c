"""The command that makes a run which a configuration begins with and which is not there yet."""

from __future__ import annotations

import os
from pathlib import Path


def find_command(path: str | os.PathLike[str]) -> str | None:
    """Return the command that makes a run that is not there; None where no configuration of its name is near."""
    place = Path(path)
    if place.exists():
        return None
    for folder in (Path.cwd(), place.parent, place.parent.parent):
        file = folder / f"{place.name}.json"
        if file.is_file():
            return f"python -m kerastune_ft run {os.path.relpath(file)} --run-dir {os.path.relpath(place)}"
    return None
