"""The examples that two runs were both measured on, found by what the runs recorded of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kerastune_ft.comparison.runs import ComparedRun
from kerastune_ft.data.splits.recorded import CONTENT
from kerastune_ft.errors import DataError
from kerastune_ft.metrics.document import OUT_OF_FOLD
from kerastune_ft.verification.metrics import Rows

# Names that only say where an example stands, as `row 7`, `[7]` and `train[7]`: in other data they are another one's.
_PLACE = re.compile(r"row \d+|[^/]*\[\d+\]")


@dataclass(frozen=True)
class CommonExamples:
    """The examples of a split that two runs have in common."""

    places: tuple[list[int], list[int]]
    """Their rows in the results of the first and of the other run, in the same order."""
    sizes: tuple[int, int]
    """How many examples the split has in the first and in the other run."""
    groups: list[str] | None
    """Their groups, where examples belong together by one of the runs at least: the first one that has groups."""
    is_sure: bool
    """Whether they are known to be the same; False where only names and labels say so."""

    def __len__(self) -> int:
        return len(self.places[0])


def match_examples(first: ComparedRun, other: ComparedRun, split: str) -> CommonExamples:
    """Return the examples of a split that two measured runs have in common, which may be none.

    Of the same data (the same fingerprint) they are known by name, label and content. Of other data contents cannot be
    compared, since each run recorded them in a code of its own: then examples with the same file name and label are
    taken for the same, and none where names only say where an example stands. Of an example that is there several
    times, the first is paired with the first, and so on.
    """
    is_same = first.fingerprint is not None and first.fingerprint == other.fingerprint
    rows = [_read_split(run, split) for run in (first, other)]
    keys = [list(_number_keys(own, is_same)) for own in rows]
    if not is_same and any(_PLACE.fullmatch(row["input"]) for own in rows for row in own):
        keys = [[], []]
    known = {key: place for place, key in enumerate(keys[1])}
    pairs = [(place, known[key]) for place, key in enumerate(keys[0]) if key in known]
    grouping = next((place for place in (0, 1) if rows[place] and all("group" in row for row in rows[place])), None)
    return CommonExamples(
        ([place for place, _ in pairs], [place for _, place in pairs]),
        (len(rows[0]), len(rows[1])),
        None if grouping is None else [rows[grouping][pair[grouping]]["group"] for pair in pairs],
        is_same,
    )


def explain_nothing_common(first: ComparedRun, other: ComparedRun, split: str) -> DataError:
    """Return the error for two runs without a common example: what differs, and what can be done."""
    if first.fingerprint == other.fingerprint:
        seeds = [run.record.manifest.get("seed") for run in (first, other)]
        why = f"they divide the same data otherwise (seeds {seeds[0]} and {seeds[1]}, or other data.splits)"
    else:
        prints = [str(run.fingerprint)[:12] for run in (first, other)]
        why = f"their data differ (fingerprints {prints[0]} and {prints[1]})"
        if any(_PLACE.fullmatch(row["input"]) for run in (first, other) for row in run.splits.get(split, ())):
            why += ", and examples that are named by their place in a table or array are not known again in other data"
    return DataError(
        f"{first.name} and {other.name} have no {split} example in common: {why}; train one of them on the data and "
        f"splits of the other, or measure both on the same data with `evaluate RUN --data`"
    )


def _read_split(run: ComparedRun, split: str) -> Rows:
    """Return the rows of splits.csv; raise DataError where the results have others."""
    # Out of fold is every example that some member was trained on.
    rows, results = run.splits.get("train" if split == OUT_OF_FOLD else split, []), run.results.get(split, [])
    if len(rows) != len(results):
        raise DataError(
            f"{run.name} has results of {len(results):,} {split} examples, and {len(rows):,} in splits.csv: a file of "
            "it is damaged (`verify` tells which)"
        )
    return rows


def _number_keys(rows: Rows, is_same_data: bool) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield what tells each example from others, and how often that occurred before it."""
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        key = (row["input"], row["label"], row.get(CONTENT, "") if is_same_data else "")
        yield key, seen[key]
        seen[key] += 1


def select(rows: Sequence[dict[str, str]], places: Sequence[int]) -> Rows:
    """Return the rows at these places."""
    return [rows[place] for place in places]
