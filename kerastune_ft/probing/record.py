"""The measurements that a choice is made of, on disk as soon as each is made, so that none is made twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.rundir import RunDirectory

_FILE = "measurements.json"


class Record:
    """Measurements by name, as JSON values, in a folder."""

    def __init__(self, folder: Path, key: Mapping[str, Any]) -> None:
        """Take up what the folder holds if it was measured for the same `key`, all that measurements depend on."""
        self._directory, self._key = RunDirectory(folder), dict(key)
        known = self._directory.read_json(_FILE) if self._directory.exists(_FILE) else {}
        same = isinstance(known, dict) and known.get("key") == self._key
        self._values: dict[str, Any] = dict(known["values"]) if same else {}

    def recall(self, name: str, measure: Callable[[], Any]) -> Any:
        """Return the value of a measurement, made now and written if it was not made before."""
        if name not in self._values:
            self._values[name] = measure()
            self._directory.commit_json(_FILE, {"key": self._key, "values": self._values})
        return self._values[name]
