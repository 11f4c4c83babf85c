"""The examples of an earlier run in data that may have changed since: found again by content, not by name."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kerastune_ft.config.options.data import SPLITS
from kerastune_ft.data.change import DataChange, name_fingerprints
from kerastune_ft.errors import DataError

CONTENT = "content"
"""The column of splits.csv with the key of each example's content."""
_KEY_LENGTH = 16


def content_key(fingerprint: str, content: str) -> str:
    """Return what splits.csv keeps of the hash of an example's content, 64 bits as 16 hexadecimal digits.

    The fingerprint of the data set is hashed with it, so that a text cannot be looked up in a table of hashes, and a
    copy of splits.csv alone does not tell whether it was among the examples.
    """
    return hashlib.sha256(f"{fingerprint}{content}".encode()).hexdigest()[:_KEY_LENGTH]


@dataclass(frozen=True)
class PresentExamples:
    """All examples of data as they are now, as far as finding those of an earlier run goes."""

    keys: Sequence[str]
    labels: Sequence[str]
    """For each example, its label as splits.csv has it."""
    contents: Sequence[str]
    """For each example, the SHA-256 of its content."""
    fingerprint: str
    excluded: Collection[int] = ()
    """The indices of examples that `data.exclude` names, which are not new where the run left them out."""


@dataclass(frozen=True)
class RecordedSplits:
    """The splits that an earlier run recorded, found again among the examples of the data now."""

    splits: dict[str, np.ndarray]
    """For each split of the run, the indices of those examples of it that are there; none where all are gone."""
    change: DataChange | None
    """None where the data is the same."""


@dataclass(frozen=True)
class RecordedExamples:
    """The examples of a run, as its splits.csv has them."""

    run: str
    fingerprint: str
    """The fingerprint that the data of the run had."""
    keys: Sequence[str]
    labels: Sequence[str]
    splits: Sequence[str]
    contents: Sequence[str] | None = None
    """For each example, the key of its content; None for runs that did not record them."""
    notes: tuple[str, ...] = ()
    """What the run told its user of the data."""
    excluded: Mapping[str, int] = field(default_factory=dict)
    """Examples by split that the run left out of it."""
    may_change: bool = False
    """Whether data that has changed is taken as far as it holds the run's examples; otherwise it is refused."""

    @classmethod
    def parse(cls, run: str, fingerprint: str, content: bytes) -> RecordedExamples:
        """Return the examples in the content of a splits.csv; raise DataError where it is damaged."""
        try:
            rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
            columns = {name: [row[name] for row in rows] for name in ("input", "label", "split")}
            contents = [row[CONTENT] for row in rows] if rows and CONTENT in rows[0] else None
        except (UnicodeDecodeError, csv.Error, KeyError) as problem:
            raise DataError(_explain_damage(run, str(problem))) from problem
        if not rows or not set(columns["split"]) <= set(SPLITS) or None in columns["input"] or None in (contents or ()):
            raise DataError(_explain_damage(run, "it does not hold an example and its split in each row"))
        return cls(run, fingerprint, columns["input"], columns["label"], columns["split"], contents)

    def with_notes(self, notes: Sequence[str], excluded: Mapping[str, int] | None = None) -> RecordedExamples:
        """Return the same with what the run told its user of the data, and with what it left out by split."""
        return replace(self, notes=tuple(notes), excluded=dict(excluded or {}))

    def in_changed_data(self) -> RecordedExamples:
        """Return the same, to be found in data that may have changed; what the run told is not told again."""
        return replace(self, may_change=True, notes=())

    def contents_of(self, split: str) -> set[str]:
        """Return the keys of the contents of a split's examples; none where they are not recorded."""
        pairs = zip(self.contents or (), self.splits, strict=False)
        return {content for content, own in pairs if own == split}

    @property
    def sizes(self) -> dict[str, int]:
        """Return the number of the run's examples by split."""
        found = Counter(self.splits)
        return {split: found[split] for split in SPLITS if split in found}

    def find(self, present: PresentExamples) -> RecordedSplits:
        """Return the run's splits of the data that is there now.

        Raises DataError where the data changed and that is refused, or nothing tells which examples are the run's.
        """
        is_same = present.fingerprint == self.fingerprint
        if not is_same and not self.may_change:
            raise DataError(explain_change(self.run, self.fingerprint, present.fingerprint))
        if not is_same and self.contents is None:
            raise DataError(self._explain_unknown(present.fingerprint))
        places = self._match(present, is_same)
        of_split = np.array([*self.splits, ""])[places]
        splits = {split: np.flatnonzero(of_split == split).astype(np.int64) for split in self.sizes}
        change = None if is_same else self._compare(present, places)
        return RecordedSplits({split: indices for split, indices in splits.items() if len(indices)}, change)

    def _match(self, present: PresentExamples, is_same: bool) -> np.ndarray:
        """Return for each present example the row of splits.csv it is, -1 where it is none of the run's."""
        if is_same or self.contents is None:
            mine: Sequence[Sequence[str]] = (self.keys, self.labels)
            theirs: Sequence[Sequence[str]] = (present.keys, present.labels)
            agreeing: list[tuple[int, ...]] = [(0, 1), (0,)]
        else:
            contents = [content_key(self.fingerprint, content) for content in present.contents]
            mine, theirs = (self.keys, self.labels, self.contents), (present.keys, present.labels, contents)
            # Equal contents occur: then name and label tell which is which, as far as they have not changed.
            agreeing = [(0, 1, 2), (0, 2), (1, 2), (2,)]
        places = np.full(len(present.keys), -1, np.int64)
        free = set(range(len(self.keys)))
        for columns in agreeing:
            waiting: dict[tuple[str, ...], deque[int]] = defaultdict(deque)
            for row in sorted(free):
                waiting[tuple(mine[column][row] for column in columns)].append(row)
            for index in np.flatnonzero(places < 0).tolist():
                if rows := waiting.get(tuple(theirs[column][index] for column in columns)):
                    places[index] = rows.popleft()
                    free.discard(int(places[index]))
        return places

    def _compare(self, present: PresentExamples, places: np.ndarray) -> DataChange:
        gone: dict[str, list[str]] = {split: [] for split in self.sizes}
        for row in sorted(set(range(len(self.keys))) - set(places.tolist())):
            gone[self.splits[row]].append(self.keys[row])
        relabelled: dict[str, list[str]] = {split: [] for split in self.sizes}
        for index, row in enumerate(places.tolist()):
            if row >= 0 and present.labels[index] != self.labels[row]:
                text = f'{present.keys[index]}: "{self.labels[row]}", now "{present.labels[index]}"'
                relabelled[self.splits[row]].append(text)
        left_out = set(present.excluded)
        added = [present.keys[index] for index in np.flatnonzero(places < 0).tolist() if index not in left_out]
        return DataChange(
            self.fingerprint,
            present.fingerprint,
            {split: names for split, names in gone.items() if names},
            added,
            {split: names for split, names in relabelled.items() if names},
        )

    def _explain_unknown(self, now: str) -> str:
        return (
            f"the data changed since {self.run} was trained ({name_fingerprints(self.fingerprint, now)}), and "
            "the run, of an earlier version, did not record what its examples hold, so nothing tells which of them it "
            "was trained on; restore the data, or evaluate data that the run never saw with --data"
        )


def explain_change(run: str, known: str, now: str) -> str:
    """Return the message about a run that would go on with other data than it began with."""
    return (
        f"the data changed since {run} began ({name_fingerprints(known, now)}); "
        "restore it, or give --fresh to start over"
    )


def _explain_damage(run: str, why: str) -> str:
    return (
        f"{run}/splits.csv, which says what the run was trained and tested on, is damaged ({why}); restore it from a "
        "copy, or start over with --fresh, which keeps this run aside"
    )
