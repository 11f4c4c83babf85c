"""A label that is likely wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Suspect:
    """An example whose label is doubtful, and why."""

    position: int
    given: str
    suggested: str
    """The label, or value, that is likelier."""
    doubt: float
    """How far the label given is from what the model says: from 0 to 1, and 1 where it is certain it is wrong."""
    words: str
    is_sure: bool
    """Whether so little speaks for the label given that the example may be left out of training."""
