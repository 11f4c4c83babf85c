"""The contract of a modality's contents: what is found in the examples themselves, without a model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from kerastune_ft.inspection.neighbours import Neighbours
from kerastune_ft.training.session.session import Session

Progress = Callable[[int, int], None]
"""Takes how much of slow work is done, and of how much."""

CONSTANT, SMALL, ODD = "constant", "small", "odd"
"""Sorts of faults: nothing to be seen or heard, much smaller than the others, of other proportions."""


_FEWEST = 16


class Span(NamedTuple):
    """The lowest and the highest likeness that may be the threshold of copies."""

    lowest: float
    highest: float


@dataclass(frozen=True)
class Fault:
    """Something odd about an example by itself."""

    position: int
    kind: str
    words: str


@dataclass(frozen=True)
class Copy:
    """Two examples of which one is nearly a copy of the other; positions, the lower first."""

    first: int
    second: int
    likeness: float
    """How alike they are, up to 1: a correlation, or a share."""


@dataclass(frozen=True)
class Copies:
    """The near copies among examples, and how it was decided which are."""

    pairs: tuple[Copy, ...]
    least: float
    """The likeness from which on two are copies, in the class where that is lowest."""
    compared: int
    """The pairs that were looked at closely."""


class Contents(ABC):
    """The examples of a session by position, those of all splits one after the other."""

    measure: str
    """The words for the likeness of copies."""
    seconds_to_read: ClassVar[float]
    """CPU seconds to read an example, about."""
    seconds_to_compare: ClassVar[float]
    """CPU seconds for the closer look at the pairs of an example, about."""
    seconds_of_pair: ClassVar[float] = 0.0
    """CPU seconds for each two examples, about, besides those for the cosine of their features."""
    bytes_kept: ClassVar[int]
    """Bytes of an example that are kept in memory, at most."""

    hashes: Sequence[str]
    """For each example, a SHA-256 of what it decodes to, which copies in other files or encodings share."""
    faults: Sequence[Fault]

    @classmethod
    @abstractmethod
    def read(cls, session: Session, indices: np.ndarray, progress: Progress) -> Contents:
        """Return the contents of these examples of a session; every one is read once, one at a time."""

    @abstractmethod
    def find_copies(self, neighbours: Neighbours | None, strata: np.ndarray, progress: Progress) -> Copies:
        """Return the near copies; exact ones, of which the hashes tell, may be among them.

        `neighbours` are those by features, None where these are not known; `strata` is a number for each example, which
        those of one class share.
        """

    def list_empty(self) -> list[Fault]:
        """Return the examples in which nothing is to be seen or heard, so that a model can learn nothing of them."""
        return [fault for fault in self.faults if fault.kind == CONSTANT]

    def may_replace(self, first: int, second: int) -> bool:
        """Return whether one of two near copies may be left out for the other; by default it may."""
        return True


def choose_candidates(neighbours: Neighbours, strata: np.ndarray, most: int) -> set[tuple[int, int]]:
    """Return the pairs of examples that may be copies: nearest neighbours of each other, nearer than is usual.

    `most` neighbours of each example are considered, so that copies of copies are found too, and the nearest one in
    one direction alone. Usual is what half of the examples of a class have as the distance to the last neighbour known.
    """
    count = min(most, neighbours.count)
    if not count:
        return set()
    last = neighbours.similarities[:, -1]
    usual = {int(stratum): float(np.median(last[strata == stratum])) for stratum in np.unique(strata)}
    near = [set(row[:count].tolist()) for row in neighbours.indices]
    found = set()
    for first, row in enumerate(neighbours.indices[:, :count]):
        for rank, second in enumerate(map(int, row)):
            is_mutual = first in near[second]
            is_near = neighbours.similarities[first, rank] >= usual[int(strata[first])]
            if is_near and (is_mutual or not rank):
                found.add((min(first, second), max(first, second)))
    return found


def choose_thresholds(
    neighbours: Neighbours, strata: np.ndarray, compare: Callable[[tuple[int, int]], float], most: int, span: Span
) -> np.ndarray:
    """Return for each example the likeness that next to no other, different example of its class reaches with it.

    It follows from pairs of a class that look alike and are hardly ever copies: of examples with the last of the
    neighbours known. About `most` pairs are compared for all classes together, at least 16 for each where there are.
    """
    found = np.full(len(strata), span.lowest)
    numbers = np.unique(strata)
    each = max(_FEWEST, most // max(1, len(numbers)))
    for number in numbers if neighbours.count else ():
        own = np.flatnonzero(strata == number)
        chosen = own[np.unique(np.linspace(0, len(own) - 1, min(each, len(own))).astype(np.int64))]
        pairs = []
        for first in chosen.tolist():
            alike = [int(other) for other in neighbours.indices[first] if strata[other] == number]
            pairs += [(first, alike[-1])] if alike else []
        found[own] = choose_least([compare(pair) for pair in pairs], span)
    return found


def choose_least(controls: Sequence[float], span: Span) -> float:
    """Return the likeness that next to no pair of different examples reaches.

    It is what 1 in 100 of `controls` would exceed if they were spread as a normal distribution with their median and
    their median deviation, which a few copies among them do not change; within `span`.
    """
    if len(controls) < _FEWEST:
        return span.lowest
    median = float(np.median(controls))
    spread = 1.4826 * float(np.median(np.abs(np.asarray(controls) - median)))
    return round(min(max(median + 2.33 * spread, span.lowest), span.highest), 3)


def keep_copies(pairs: Sequence[tuple[int, int]], likeness: Sequence[float], thresholds: np.ndarray) -> Copies:
    """Return the pairs whose likeness reaches the thresholds of both."""
    kept = [
        Copy(*pair, float(own))
        for pair, own in zip(pairs, likeness, strict=True)
        if own >= thresholds[list(pair)].max()
    ]
    return Copies(tuple(kept), float(thresholds.min(initial=1.0)), len(pairs))
