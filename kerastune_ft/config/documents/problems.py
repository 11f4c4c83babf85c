"""Problems of a configuration, and the text that lists them all."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath, Place, format_path, format_pointer
from kerastune_ft.errors import ConfigError

SET = "--set"
_WIDEST_PLACE = 44


@dataclass(frozen=True)
class Problem:
    """A problem: its place, the value found, a message with a remedy, and whether the value is absent."""

    place: Place
    message: str
    value: Any = None
    suggestion: str | None = None
    is_absent: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the problem as JSON values."""
        return {
            "file": self.place.file,
            "place": format_path(self.place.path),
            "pointer": format_pointer(self.place.path),
            "line": self.place.line,
            "column": self.place.column,
            "value": self.value,
            "message": self.message,
            "suggestion": self.suggestion,
        }


def drop_consequences(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first problem of every key: later ones follow from it."""
    first: dict[tuple[str, KeyPath], Problem] = {}
    for problem in problems:
        first.setdefault((problem.place.file, problem.place.path), problem)
    return list(first.values())


def sort_problems(problems: Iterable[Problem], file: str) -> list[Problem]:
    """Return the problems in the order of the file, then those of extended files, then those of the command line."""

    def rank(problem: Problem) -> tuple[int, str, int, int]:
        place = problem.place
        kind = 0 if place.file == file else 2 if place.file == SET else 1
        return kind, "" if kind == 0 else place.file, place.line or 0, place.column or 0

    return sorted(problems, key=rank)


def _location(place: Place, file: str) -> str:
    if place.file == SET:
        return SET
    position = "" if place.line is None else f"{place.line}:{place.column}"
    return position if place.file == file else f"{place.file}:{position}".rstrip(":")


def format_problems(problems: Sequence[Problem], file: str, command: str | None) -> str:
    """Return the text for users: a line per problem, and the command that checks again."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    rows = [(_location(one.place, file), format_path(one.place.path), one.message) for one in problems]
    first = max(len(row[0]) for row in rows)
    second = min(max(len(row[1]) for row in rows), _WIDEST_PLACE)
    lines = []
    for location, place, message in rows:
        columns = [location.ljust(first)] * bool(first) + [place.ljust(second)] * bool(second) + [message]
        lines.append("  " + "  ".join(columns))
    ending = ["", f"Check again with: {command}"] if command else []
    return "\n".join([f"{file}: {count}", "", *lines, *ending])


def make_error(problems: Iterable[Problem], file: str, *, on_disk: bool) -> ConfigError:
    """Return one error with all problems of a configuration."""
    ordered = sort_problems(drop_consequences(problems), file)
    command = f"python -m kerastune_ft validate {shlex.quote(file)}" if on_disk else None
    return ConfigError(format_problems(ordered, file, command), ordered)
