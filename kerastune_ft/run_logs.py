"""The logs of a run, files that grow: appended to on a disk, written now and then in a bucket, where nothing grows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kerastune_ft.storage import is_remote

EVENT_FILES = "tensorboard"
"""The directory within a run with its event files for TensorBoard, which are logs too."""


class RunLogs:
    """Appends to the logs of one run directory."""

    def __init__(self, path: Path) -> None:
        """`path` is the run directory."""
        self._path = path
        self._waiting: dict[str, list[bytes]] = {}

    def append(self, name: str, content: bytes) -> bool:
        """Append to a log, and return whether it is written; in a bucket it waits for `write_waiting`."""
        if is_remote(self._path):
            self._waiting.setdefault(name, []).append(content)
            return False
        target = self._path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "ab") as file:
            file.write(content)
        return True

    def take_waiting(self, name: str) -> bytes:
        """Return what waits for a log; it waits no longer."""
        return b"".join(self._waiting.pop(name, ()))

    def write_waiting(self) -> Iterator[str]:
        """Write the logs for which something waits, and yield their names."""
        for name in list(self._waiting):
            target, waiting = self._path / name, self.take_waiting(name)
            before = target.read_bytes() if target.exists() else b""
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(before + waiting)
            yield name
