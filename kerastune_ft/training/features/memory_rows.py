"""Stored features held in memory while a phase trains on them, where there is room."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kerastune_ft.training.devices.memory import MemoryLimit
from kerastune_ft.training.features import store_key
from kerastune_ft.training.features.store_rows import StoredByLength, StoredFeatures

# The most bytes that are held, and the share of the memory left that they may take.
_MOST_BYTES, _SHARE = 1 << 30, 0.25


def find_room(limit: MemoryLimit | None, needed: int) -> int:
    """Return the bytes of features that may be held; `limit` is what may be taken, of which steps take `needed`."""
    return _MOST_BYTES if limit is None else int(min(_MOST_BYTES, _SHARE * max(0, limit.bytes - needed)))


def count_bytes(stored: StoredFeatures | StoredByLength) -> int:
    """Return the bytes of all rows."""
    rows = [rows for part in _parts(stored) for rows in (part, part.shared) if rows is not None]
    return sum(len(each.rows) * store_key.row_bytes(each.tensors) for each in rows)


def hold_rows(stored: StoredFeatures | StoredByLength) -> StoredFeatures | StoredByLength:
    """Return the same rows, read once, in memory.

    Stores of several lengths whose rows have one shape, such as pooled features of texts, become one.
    """
    parts = _parts(stored)
    held = [_hold(part) for part in parts]
    if len({(part.tensors, part.shared and part.shared.tensors) for part in parts}) == 1:
        return _join(held)
    return StoredByLength(stored.buckets, dict(zip(stored.stores, held, strict=True)))  # type: ignore[union-attr]


def _parts(stored: StoredFeatures | StoredByLength) -> list[StoredFeatures]:
    return list(getattr(stored, "stores", {None: stored}).values())


def _hold(part: StoredFeatures) -> StoredFeatures:
    # In the order of the file, which is the fastest.
    rows = part.rows[np.arange(len(part.rows))]
    return replace(part, rows=rows, shared=None if part.shared is None else _hold(part.shared))


def _join(parts: list[StoredFeatures]) -> StoredFeatures:
    """Return rows in memory as those of one store; an example has a row in one of the parts."""
    if len(parts) == 1:
        return parts[0]
    places = np.full_like(parts[0].places, -1)
    starts = np.cumsum([0, *(len(part.rows) for part in parts)])
    for part, start in zip(parts, starts, strict=False):
        places = np.where(part.places >= 0, part.places + start, places)
    shared = [part.shared for part in parts if part.shared is not None]
    return replace(
        parts[0],
        rows=np.concatenate([np.asarray(part.rows) for part in parts]),
        places=places,
        shared=_join(shared) if shared else None,
    )
