"""The command that makes a run which a configuration begins with and which is not there yet."""

from __future__ import annotations

import os
from pathlib import Path

from kerastune_ft.config.documents.files import SHIPPED, shipped_names


def find_command(path: str | os.PathLike[str]) -> str | None:
    """Return the command that makes a run that is not there; None where no configuration of its name is near.

    Of a run that a configuration of the package begins with, what is then to be given beside it is said too.
    """
    place = Path(path)
    if place.exists():
        return None
    if (command := find_maker(place)) is not None:
        return command
    # A run of smoke/adaptation is called smoke_adaptation.
    names = {name.replace("/", "_"): name for name in shipped_names()}
    if place.name not in names:
        return None
    command = f"python -m kerastune_ft run {names[place.name]} --run-dir"
    if not place.is_relative_to(SHIPPED):
        return f"{command} {os.path.relpath(place)}"
    # Paths of a configuration are beside it, and nothing is to be written into the package.
    run = f"runs/{place.name}"
    return f"{command} {run}, and begin with it by --set backbone.path={run}"


def find_maker(path: str | os.PathLike[str]) -> str | None:
    """Return the command that made or makes a run by a configuration of its name; None where none is near."""
    place = Path(path)
    for folder in (Path.cwd(), place.parent, place.parent.parent):
        file = folder / f"{place.name}.json"
        if file.is_file():
            return f"python -m kerastune_ft run {os.path.relpath(file)} --run-dir {os.path.relpath(place)}"
    return None
