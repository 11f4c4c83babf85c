"""Examples with several inputs: copies of whole examples, of which every part is a copy, and parts that are shared."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.config.options.task_facts import IMAGE, TEXT
from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.inspection.clusters import join_pairs, list_clusters, pair_equal
from kerastune_ft.inspection.contents.base import CONSTANT, Contents, Copies, Copy, Fault, Progress
from kerastune_ft.inspection.contents.images import Pictures
from kerastune_ft.inspection.contents.texts import Texts
from kerastune_ft.inspection.neighbours import Neighbours
from kerastune_ft.training.session.session import Session
from kerastune_ft.wording import counted

NUMBERS = "numbers"
"""The part of an example that is its row of numbers."""
_KINDS: Mapping[str, type[Contents]] = {IMAGE: Pictures, TEXT: Texts}
# Where fewer examples than this have a part of their own, it is a category, which splits share as they share classes.
_LEAST_OWN = 0.5


@dataclass(frozen=True)
class SharedPart:
    """A part that examples of several splits have, which are no copies of each other as a whole."""

    part: str
    positions: tuple[int, ...]
    words: str
    likeness: float | None = None
    """How alike the parts are, of those that are nearly the same."""


class _PartCopies:
    """Which examples have the same of one part, and nearly the same."""

    def __init__(self, values: Sequence[Any], near: Iterable[Copy] = (), least: float = 1.0, compared: int = 0) -> None:
        """`values` are equal where the part is; `near` are pairs of examples in which it is nearly so."""
        exact = pair_equal(values)
        self.same = join_pairs(len(values), exact)
        """By example, the first one with the same."""
        self.near: dict[tuple[int, int], float] = {}
        for pair in near:
            first, second = sorted((int(self.same[pair.first]), int(self.same[pair.second])))
            if first != second:
                self.near[first, second] = max(pair.likeness, self.near.get((first, second), -1.0))
        self.joined = join_pairs(len(values), [*exact, *self.near])
        """By example, the first one that is joined to it by copies."""
        self.least, self.compared = least, compared

    def measure(self, first: int, second: int) -> float | None:
        """Return how alike the part is in two examples: 1 where it is the same, None where it is no copy."""
        pair = sorted((int(self.same[first]), int(self.same[second])))
        return 1.0 if pair[0] == pair[1] else self.near.get((pair[0], pair[1]))

    @property
    def share_alone(self) -> float:
        """The share of examples that have a part of their own."""
        _, counts = np.unique(self.joined, return_counts=True)
        return float(np.count_nonzero(counts == 1)) / max(1, len(self.joined))


class Several(Contents):
    """Examples of pictures, a text, and rows of numbers and words."""

    measure = "likeness of the part that is least alike"
    # Its parts count by themselves.
    seconds_to_read, seconds_to_compare, bytes_kept = 0.0, 0.0, 0

    def __init__(self, parts: Mapping[str, Contents], cells: ColumnCells) -> None:
        """`parts` are pictures and texts by name, `cells` those of the columns of the same examples."""
        self._parts, self.cells = parts, cells
        count = len(next(iter(parts.values())).hashes)
        self._rows = [tuple(cells.content(row)) for row in range(count)]
        self.hashes = [
            hashlib.sha256(repr((*own, *row)).encode(errors="surrogatepass")).hexdigest()
            for *own, row in zip(*(part.hashes for part in parts.values()), self._rows, strict=True)
        ]
        self.faults = [
            Fault(fault.position, fault.kind, f"{name}: {fault.words}" if len(parts) > 1 else fault.words)
            for name, part in parts.items()
            for fault in part.faults
        ]
        if len(parts) == 1:
            self.measure = next(iter(parts.values())).measure
        self.notes: list[str] = []
        """Sentences on parts that were not looked at by themselves, once `find_shared` was called."""
        self._copies: dict[str, _PartCopies] = {}

    @classmethod
    def read(cls, session: Session, indices: np.ndarray, progress: Progress) -> Several:
        """Return the contents of a session whose examples have several inputs, see `Contents`."""
        source: Any = session.source
        parts = {
            name: _KINDS[own.backbone.input.modality].read(own, indices, progress)
            for name, own in session.parts.items()
        }
        return cls(parts, source.cells.select(indices.tolist()))

    def list_empty(self) -> list[Fault]:
        """Return the examples of whose pictures none shows anything, where there is nothing else to learn from."""
        if self.cells.names:
            return []
        empty = [{fault.position for fault in part.list_empty()} for part in self._parts.values()]
        every = set.intersection(*empty)
        return [Fault(position, CONSTANT, "none of its pictures shows anything") for position in sorted(every)]

    def find_copies(self, neighbours: Neighbours | None, strata: np.ndarray, progress: Progress) -> Copies:
        """Return the near copies: every part is a copy, exact or near, and the columns are the same.

        Candidates of each part are its neighbours by its own features, of which `neighbours` has those.
        """
        by_part = {} if neighbours is None else neighbours.parts or dict.fromkeys(self._parts, neighbours)
        for name, part in self._parts.items():
            found = part.find_copies(by_part.get(name), strata, progress)
            self._copies[name] = _PartCopies(part.hashes, found.pairs, found.least, found.compared)
        parts = [*self._copies.values(), *([_PartCopies(self._rows)] if self.cells.names else [])]
        pairs = {pair for part in parts for pair in _list_candidates(part, parts)}
        near = []
        for first, second in sorted(pairs):
            likeness = [part.measure(first, second) for part in parts]
            known = [each for each in likeness if each is not None]
            if len(known) == len(parts):
                near.append(Copy(first, second, min(known)))
        media = self._copies.values()
        return Copies(tuple(near), min(part.least for part in media), sum(part.compared for part in media))

    def find_shared(self, splits: Sequence[str], joined: np.ndarray) -> list[SharedPart]:
        """Return the parts that examples of several splits share, those of whole copies left out.

        `joined` is the same number for examples that are copies as a whole. A text, or a row of numbers, is looked for
        only where most examples have one of their own: else it is a category.
        """
        found: list[SharedPart] = []
        by_name = {**self._copies, **({NUMBERS: _PartCopies(self._number_rows())} if self.cells.numbers else {})}
        for name, copies in by_name.items():
            is_picture = isinstance(self._parts.get(name), Pictures)
            if not is_picture and copies.share_alone < _LEAST_OWN:
                different = len(np.unique(copies.same))
                what = "rows" if name == NUMBERS else "texts"
                self.notes.append(
                    f"{name}: {different:,} different {what} in {counted(len(splits), 'example')}, so that the same "
                    "in several splits is no leak, and was not looked for"
                )
                continue
            found += _list_shared(name, copies, splits, joined)
        return found

    def _number_rows(self) -> list[Any]:
        """Return what is equal where all numbers are; a row without any number is like no other."""
        values = np.stack(list(self.cells.numbers.values()), axis=1)
        return [
            row if np.isnan(numbers).all() else tuple(map(repr, numbers.tolist())) for row, numbers in enumerate(values)
        ]


def _list_candidates(part: _PartCopies, every: Sequence[_PartCopies]) -> Iterator[tuple[int, int]]:
    """Yield the pairs in which a part is nearly the same, and the other parts are joined by copies at least."""
    joined = list(zip(*(other.joined.tolist() for other in every), strict=True))
    places: dict[int, dict[Any, list[int]]] = defaultdict(lambda: defaultdict(list))
    for position, same in enumerate(part.same.tolist()):
        places[same][joined[position]].append(position)
    for one, other in part.near:
        for key, firsts in places[one].items():
            for first in firsts:
                for second in places[other].get(key, ()):
                    yield min(first, second), max(first, second)


def _list_shared(name: str, copies: _PartCopies, splits: Sequence[str], joined: np.ndarray) -> Iterator[SharedPart]:
    members: dict[int, list[int]] = defaultdict(list)
    for position, same in enumerate(copies.same.tolist()):
        members[same].append(position)
    for held in list_clusters(copies.same):
        if len({splits[each] for each in held}) > 1 and len({int(joined[each]) for each in held}) > 1:
            yield SharedPart(name, tuple(held), f"the same in {len(held)} examples")
    for (one, other), likeness in sorted(copies.near.items()):
        pair = next(
            (
                (first, second)
                for first in members[one]
                for second in members[other]
                if splits[first] != splits[second] and joined[first] != joined[second]
            ),
            None,
        )
        if pair is not None:
            yield SharedPart(name, pair, f"nearly the same, {likeness:.2f}", likeness)
