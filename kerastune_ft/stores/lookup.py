"""Counting the rows of a store from the indexes of its shards, without opening the store."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from kerastune_ft.stores import record, shards


def count_present(root: Path, key: str, ids: Sequence[bytes]) -> int:
    """Return for how many of these ids a store has rows; 0 if there is no such store.

    Nothing is written, and the content of rows is not checked, unlike when a store is opened.
    """
    folder = record.folder_of(root, key) / record.SHARDS
    found: set[bytes] = set()
    with contextlib.suppress(FileNotFoundError):
        for name in shards.list_shards(folder):
            # Another process may remove a shard meanwhile, and damaged shards do not count.
            with contextlib.suppress(FileNotFoundError, shards.DamagedError):
                found.update(shards.read_ids(folder, name))
    return sum(each in found for each in ids)
