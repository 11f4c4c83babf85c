"""Pins and hashes of schedules: what runs with different schedules need to share stores and finished phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.run import RunConfig, config_hash


@dataclass(frozen=True)
class Pins:
    """The batch shape and the first cut of frozen prefixes, given from outside.

    A plan otherwise derives both from all of its own phases, and both stand in the keys of stores. Plans with the same
    pins compute their frozen prefixes alike, so that they share stores.
    """

    chunk: int
    """The rows that every call of a frozen prefix gets on a replica."""
    trained: frozenset[str]
    """Paths of the variables that some phase of some schedule trains."""
    live: frozenset[str]
    """Names of the layers that draw in training, or update statistics, in some phase of some schedule."""

    def to_json(self) -> dict[str, Any]:
        """Return the pins as plan.json has them."""
        return {"chunk": self.chunk, "trained": sorted(self.trained), "live": sorted(self.live)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Pins:
        """Return the pins that `to_json` described."""
        return cls(document["chunk"], frozenset(document["trained"]), frozenset(document["live"]))


def pins_in(document: Mapping[str, Any] | None) -> Pins | None:
    """Return the pins that a plan.json was made with, or None."""
    return Pins.from_json(document["pinned"]) if document and "pinned" in document else None


def schedule_hash(config: RunConfig, last: int) -> str:
    """Return the SHA-256 of all that decides the results of the phases up to number `last`.

    Later phases and `output` do not count: runs of equal hash and equal pins have the same weights after that phase.
    """
    return config_hash(config.model_copy(update={"phases": config.phases[: last + 1]}))
