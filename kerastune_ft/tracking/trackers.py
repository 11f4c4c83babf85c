"""The trackers that `output.trackers` can name."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from kerastune_ft.training.watch import Watcher

TRACKERS: dict[str, str] = {}
"""The module of every tracker by its name; its function `open_tracker()` returns the watcher."""


def open_trackers(names: Sequence[str]) -> dict[str, Watcher]:
    """Return the watchers of these trackers by name.

    A tracker connects when the run starts, not here; what it needs installed it imports here, or raises ConfigError.
    """
    return {name: importlib.import_module(TRACKERS[name]).open_tracker() for name in names}
