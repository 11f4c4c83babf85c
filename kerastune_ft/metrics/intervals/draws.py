"""Random draws of examples with replacement, the same on every machine and with every version of NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

RESAMPLES = 1000
"""How often the examples are drawn again."""
_LEAST_RESAMPLES = 200
_SEED = 0
# Numbers computed at a time: as many as a processor keeps close by, which is also all the memory that is needed.
_AT_ONCE = 1 << 17
# Numbers computed in all, after which fewer resamples have to do: some seconds.
_MOST = 500_000_000


def count_resamples(examples: int, work: int = 1) -> int:
    """Return how often examples are drawn again where each drawn example costs `work` numbers.

    That is `RESAMPLES`, or fewer, but 200 at least, where there would be more than 500 million numbers in all.
    """
    return int(min(RESAMPLES, max(_LEAST_RESAMPLES, _MOST // max(1, examples * work))))


def draw_counts(examples: int, groups: Sequence[str] | None = None, resamples: int = RESAMPLES) -> Iterator[np.ndarray]:
    """Yield how often every example was drawn, float64 [examples, resamples], some resamples at a time.

    As many examples are drawn as there are, each as likely as any other. With `groups`, one for each example, whole
    groups are drawn instead, as many as there are, so that the number of examples varies. The first resamples are the
    same whatever `resamples` is, and the draws depend on the number of examples and the groups alone.
    """
    members = None if groups is None else number_groups(groups)
    drawn = examples if members is None else int(members.max()) + 1
    # Raw numbers of a bit generator never change between versions, unlike what `Generator` makes of them.
    bits = np.random.PCG64(_SEED)
    step = max(1, _AT_ONCE // examples)
    for first in range(0, resamples, step):
        columns = min(step, resamples - first)
        raw = bits.random_raw(drawn * columns).reshape(columns, drawn)
        places = ((raw >> np.uint64(32)) * np.uint64(drawn)) >> np.uint64(32)
        places += np.arange(columns, dtype=np.uint64)[:, np.newaxis] * np.uint64(drawn)
        counts = np.bincount(places.reshape(-1).astype(np.int64), minlength=columns * drawn)
        times = np.ascontiguousarray(counts.reshape(columns, drawn).T, np.float64)
        yield times if members is None else times[members]


def count_groups(groups: Sequence[str] | None, examples: int) -> int | None:
    """Return how many groups are drawn for so many examples; None where every example stands for itself."""
    count = None if groups is None else len(set(groups))
    return None if count == examples else count


def number_groups(groups: Sequence[str]) -> np.ndarray:
    """Return the number of every example's group, int64 [examples]; groups are numbered as they first occur."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)
