"""Importing the packages of trackers, which only those who name them need."""

from __future__ import annotations

import importlib
from typing import Any

from kerastune_ft.errors import ConfigError


def import_package(name: str, install: str) -> Any:
    """Return a package. Raises ConfigError, with the line that installs it, where it is not there or does not work."""
    try:
        return importlib.import_module(name)
    except Exception as error:
        # Packages that do not go together raise anything when they are imported.
        raise ConfigError(
            f"output.trackers: {name} cannot be imported ({error}); install it: python -m pip install {install}"
        ) from error
