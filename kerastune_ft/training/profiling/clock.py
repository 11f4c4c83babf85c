"""What the training tells of the parts that its time goes into; by default nobody listens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TypeVar

Item = TypeVar("Item")

READING, DECODING, FROZEN, STEP = "reading", "decoding", "frozen part", "step"
VALIDATION, CHECKPOINTS = "validation", "checkpoints"
"""The parts of a phase: waiting for stored rows, waiting for decoded inputs, what is computed of the frozen part, the
updates, validation with all that belongs to it, and what the training waits for checkpoints."""


class Clock:
    """Takes what a part of the work is while it is done; this one does not look at it."""

    def measure(self, part: str) -> AbstractContextManager[None]:
        """Return a context whose time goes into a part, but that of other parts within it."""
        return contextlib.nullcontext()

    def iterate(self, part: str, items: Iterable[Item]) -> Iterable[Item]:
        """Return the items; the time that each is waited for goes into a part."""
        return items

    def settle(self, result: Item) -> Item:
        """Return a result of the device, which is ready then where its time is measured."""
        return result


OFF = Clock()
