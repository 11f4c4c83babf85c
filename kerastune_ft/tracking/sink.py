"""What every tracker can do: take up a run, and receive points, files and the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from kerastune_ft.wording import hide_logins

_LONGEST = 200
Has = Callable[[str, int], bool]
"""Tells of a tag and a step whether the tracker has its figure."""


def has_none(tag: str, step: int) -> bool:
    """Return that nothing is there."""
    return False


@dataclass(frozen=True)
class Point:
    """What is known at one step: figures by tag, and texts by tag."""

    step: int
    time: float
    """Seconds since 1970."""
    figures: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def without(self, has: Has) -> Point:
        """Return the point with what a tracker does not have yet."""
        figures = {tag: value for tag, value in self.figures.items() if not has(tag, self.step)}
        texts = {tag: text for tag, text in self.texts.items() if not has(tag, self.step)}
        return Point(self.step, self.time, figures, texts)


def shorten_error(error: BaseException) -> str:
    """Return what an error says in one short line, without logins of addresses."""
    said = hide_logins(" ".join(str(error).split()))
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]} ..."


@dataclass(frozen=True)
class Begun:
    """A run that begins, or goes on."""

    name: str
    directory: str
    parameters: Mapping[str, Any]
    """Text, numbers and booleans by name."""
    group: str | None = None
    """What it is a part of, such as a search."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    """What `Sink.start` returned when the run began; empty where it did not."""


class Sink(Protocol):
    """Where a tracker keeps one run. Any method may raise any error."""

    pause: float
    """Seconds that points may wait to be written together."""

    def require(self) -> None:
        """Raise ConfigError where it cannot be reached, or has no right to write."""

    def start(self, begun: Begun) -> Mapping[str, Any]:
        """Begin a run, or go on with that of the `identity`; return its identity, a JSON object without secrets."""

    def forget_after(self, step: int) -> None:
        """Remove all after a step that will be made again, where it can remove."""

    def find_sent(self, sent: int) -> Has:
        """Return what tells of a point whether earlier processes wrote it.

        `sent` is the step of the last epoch that is known to have been written.
        """

    def write(self, points: Sequence[Point]) -> None:
        """Write points; when it returns they are kept."""

    def add_file(self, path: Path, name: str) -> None:
        """Add a local file, as `name`."""

    def finish(self, state: str) -> None:
        """Take how the run ended: `done`, `interrupted` or `failed`."""
