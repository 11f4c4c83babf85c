"""Options that the format defines but this version does not support yet; they are rejected, never ignored.

Delivering a feature means deleting its row here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.documents.nodes import KeyPath, short_json

_MISSING = object()


@dataclass(frozen=True)
class Later:
    """A key that a later version will support.

    `neutral` values pass; if `values` is given, only those are rejected.
    """

    pattern: str
    neutral: tuple[Any, ...] = (None,)
    values: tuple[Any, ...] = ()
    instead: str = "remove it"

    def rejects(self, value: Any) -> bool:
        """Return whether a value needs a later version."""
        if self.values:
            return any(value == one and type(value) is type(one) for one in self.values)
        return not any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in self.neutral)


UNAVAILABLE: tuple[Later, ...] = ()


def _matches(document: Any, steps: tuple[str, ...], at: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if not steps:
        yield at, document
    elif steps[0] == "*":
        for index, item in enumerate(document if isinstance(document, list) else ()):
            yield from _matches(item, steps[1:], (*at, index))
    elif isinstance(document, Mapping) and (value := document.get(steps[0], _MISSING)) is not _MISSING:
        yield from _matches(value, steps[1:], (*at, steps[0]))


def _pattern(path: KeyPath) -> list[str]:
    return ["*" if isinstance(step, int) else step for step in path if isinstance(step, int) or step[:1] != "@"]


def available(path: KeyPath, choices: Sequence[str]) -> list[str]:
    """Return the choices of a key that this version supports."""
    here = ".".join(_pattern(path))
    later = {value for row in UNAVAILABLE if row.pattern == here for value in row.values}
    return [choice for choice in choices if choice not in later]


def unavailable_keys(path: KeyPath) -> set[str]:
    """Return the keys of an object for which this version only accepts the neutral value."""
    here = _pattern(path)
    rows = [row.pattern.split(".") for row in UNAVAILABLE if not row.values]
    return {steps[-1] for steps in rows if steps[:-1] == here}


def unavailable(document: Any) -> Iterator[tuple[KeyPath, Any, str]]:
    """Yield path, value and message of everything in a document that this version does not support."""
    for row in UNAVAILABLE:
        for path, value in _matches(document, tuple(row.pattern.split("."))):
            if row.rejects(value):
                subject = f"{short_json(value)} is " if row.values else ""
                yield path, value, f"{subject}not available in this version; {row.instead}"
