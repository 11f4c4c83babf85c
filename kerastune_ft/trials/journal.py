"""The journal of a study: a file with a line for each change, the changes of a step written at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Collects the changes of a step in memory, and appends them to the file of Optuna's journal at its end.

    A step of a study makes ten or twenty changes, each of which would otherwise be locked, synchronised to the disk and
    read back for itself. It is a `BaseJournalBackend` of Optuna in all but its class.
    """

    def __init__(self, optuna: Any, path: Path) -> None:
        """`path` is the file, which is made with the first change."""
        _remove_torn_line(path)
        # The usual lock is a symbolic link, which not all mounts have.
        kinds = optuna.storages.journal
        self._file = kinds.JournalFileBackend(str(path), lock_obj=kinds.JournalFileOpenLock(str(path)))
        self._waiting: list[dict[str, Any]] | None = None
        self._written = sum(1 for _ in self._file.read_logs(0))

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the changes from a number on, those that wait included."""
        if log_number_from < self._written:
            yield from self._file.read_logs(log_number_from)
        yield from (self._waiting or [])[max(0, log_number_from - self._written) :]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append changes, within a step when it ends."""
        if self._waiting is not None:
            self._waiting += logs
            return
        self._file.append_logs(logs)
        self._written += len(logs)

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Within this context changes wait; after an error they are not written."""
        waiting = self._waiting = []
        try:
            yield
        finally:
            self._waiting = None
        if waiting:
            self.append_logs(waiting)


def _remove_torn_line(journal: Path) -> None:
    """Cut off the end of a journal that a killed process was writing: what follows it would not be read."""
    content = journal.read_bytes() if journal.is_file() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(journal, len(whole))
