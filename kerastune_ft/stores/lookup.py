"""Which rows a store holds, told from the indexes of its shards without opening it or reading a row."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from kerastune_ft.stores import record, shards


def rows_present(root: Path, key: str, ids: Sequence[bytes]) -> int:
    """Return how many of these ids a store has rows of; none where there is no such store.

    Nothing is written, and rows are not checked, as they are when the store is opened.
    """
    folder = record.folder_of(root, key) / record.SHARDS
    found: set[bytes] = set()
    with contextlib.suppress(FileNotFoundError):
        for name in shards.names(folder):
            # Another process may remove it meanwhile, and a damaged one counts for nothing.
            with contextlib.suppress(FileNotFoundError, shards.DamagedError):
                found.update(shards.indexed_ids(folder, name))
    return sum(each in found for each in ids)
