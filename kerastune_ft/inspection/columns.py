"""Faults of columns of numbers and words: missing cells, columns that tell nothing, and numbers far from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.inspection.findings import FAR, MISSING, SAME, Finding, Row
from kerastune_ft.wording import counted

# Usual deviations from the median from which on a number is far off, and the largest share of a column that is named:
# where more are so far off the column is skewed, as incomes are, and these are no mistakes.
_FAR, _MOST = 10.0, 0.01
_FEWEST = 20
_LISTED = 8
_ORDER = ("train", "validation", "test")


def find_in_columns(cells: ColumnCells, splits: Sequence[str]) -> list[Finding | None]:
    """Return what is found in columns; `splits` are those of the examples, which have one cell of each column."""
    return [_find_missing(cells, splits), _find_constant(cells, splits), _find_far(cells)]


def _find_missing(cells: ColumnCells, splits: Sequence[str]) -> Finding | None:
    absent = {name: np.flatnonzero(np.isnan(values)) for name, values in cells.numbers.items()}
    absent |= {
        name: np.array([row for row, word in enumerate(words) if not word], np.int64)
        for name, words in cells.words.items()
    }
    absent = {name: rows for name, rows in absent.items() if len(rows)}
    if not absent:
        return None
    said = [
        f"{name}: {len(rows):,} of {len(splits):,} ({_count_splits(rows, splits)})" for name, rows in absent.items()
    ]
    rows = [Row(tuple(found[:_LISTED].tolist()), f"without {name}") for name, found in absent.items()]
    count = sum(map(len, absent.values()))
    advice = "nothing, where values are missing by chance: the model is told where training examples lack one"
    return Finding(MISSING, count, "; ".join(said), advice, rows)


def _find_constant(cells: ColumnCells, splits: Sequence[str]) -> Finding | None:
    """Return the columns that have one value in all training examples, or none but missing ones."""
    train = np.flatnonzero(np.asarray(splits) == "train")
    said = []
    for name, values in cells.numbers.items():
        own = values[train]
        present = own[~np.isnan(own)]
        if len(present) == len(own) and len(np.unique(present)) < 2:
            said.append(f"{name} is {present[0]:g}" if len(present) else name)
    for name, words in cells.words.items():
        if len(found := {words[row] for row in train.tolist()}) < 2:
            said.append(f'{name} is "{found.pop()}"' if found else name)
    if not said:
        return None
    detail = f"{', '.join(said)} in all {counted(len(train), 'training example')}"
    return Finding(SAME, len(said), detail, "remove them from data.input", ())


def _find_far(cells: ColumnCells) -> Finding | None:
    rows: list[Row] = []
    said, total = [], 0
    for name, values in cells.numbers.items():
        far, middle = _find_far_rows(values)
        if not len(far):
            continue
        total += len(far)
        counts = Counter(values[far].tolist())
        common, times = counts.most_common(1)[0]
        if times > 1 and len(counts) == 1:
            said.append(f"{name} is {common:g} in {counted(times, 'example')}: it may stand for a missing value")
            rows.append(Row(tuple(far[:_LISTED].tolist()), f"{name} is {common:g}, where {middle:g} is usual"))
            continue
        said.append(f"{name}: {len(far)}")
        rows += [Row((int(row),), f"{name} is {values[row]:g}, where {middle:g} is usual") for row in far]
    if not rows:
        return None
    advice = "look at them in the page: correct them, and leave the cell empty where the value is not known"
    return Finding(FAR, total, "; ".join(said), advice, rows)


def _find_far_rows(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the rows whose number is far off, the farthest first, and the median; none of a skewed column."""
    present = np.flatnonzero(~np.isnan(values))
    if len(present) < _FEWEST:
        return present[:0], 0.0
    own = values[present]
    middle = float(np.median(own))
    distances = np.abs(own - middle)
    usual = 1.4826 * float(np.median(distances))
    # Where most are the same, as in a column of 0 and 1, nothing says how far is far.
    far = np.flatnonzero(distances > _FAR * usual) if usual else present[:0]
    # One value again and again is no tail, but stands for something else, as -999 does.
    if len(far) > max(1, _MOST * len(own)) and len(np.unique(own[far])) > 1:
        far = far[:0]
    return present[far[np.argsort(-distances[far], kind="stable")]], middle


def _count_splits(rows: np.ndarray, splits: Sequence[str]) -> str:
    counts = Counter(splits[row] for row in rows.tolist())
    return ", ".join(f"{counts[split]} in {split}" for split in _ORDER if split in counts)
