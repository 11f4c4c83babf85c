"""Remedies in messages: how to leave examples out by options of data, or by hand where data has no options."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar

_without_options: ContextVar[str | None] = ContextVar("without_options", default=None)
"""The data that is read, where no option can be written for it."""


def other_data() -> str | None:
    """Return the name of the data that a finished run is evaluated on, while it is read; None for a run's own."""
    return _without_options.get()


def how_to_skip(rules: Iterable[str], what: str) -> str:
    """Return how examples are left out, as it stands behind `or`: by options of data, or by hand."""
    if place := _without_options.get():
        return f"take {what} out of {place}"
    written = ", ".join(f'"{rule}": "skip"' for rule in rules)
    return f"write  {written}  in data to leave {what} out"


@contextlib.contextmanager
def reading_other_data(place: str) -> Iterator[None]:
    """Within this context errors are about other data than the run's own, for which no option can be written."""
    token = _without_options.set(place)
    try:
        yield
    finally:
        _without_options.reset(token)
