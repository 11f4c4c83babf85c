"""Who hears of every change of the files of a run directory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kerastune_ft.durable import Content


class Listener(Protocol):
    """Hears of every change of the files of a run directory, all but those whose names begin with a dot."""

    def note_write(self, name: str, content: Content) -> None:
        """Hear that a file has this content now."""

    def note_append(self, name: str) -> None:
        """Hear that a log has grown."""

    def note_removal(self, name: str) -> None:
        """Hear that a file is gone."""


class Beneath:
    """Tells the listener of a run, if there is one then, of the changes in a directory within it."""

    def __init__(self, find: Callable[[], Listener | None], name: str) -> None:
        """`find` returns the listener, `name` is that of the directory."""
        self._find, self._name = find, name

    def note_write(self, name: str, content: Content) -> None:
        """Pass on that a file has this content now."""
        if (listener := self._find()) is not None:
            listener.note_write(f"{self._name}/{name}", content)

    def note_append(self, name: str) -> None:
        """Pass on that a log has grown."""
        if (listener := self._find()) is not None:
            listener.note_append(f"{self._name}/{name}")

    def note_removal(self, name: str) -> None:
        """Pass on that a file is gone."""
        if (listener := self._find()) is not None:
            listener.note_removal(f"{self._name}/{name}")
