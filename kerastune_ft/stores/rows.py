"""Locating the rows of a store in its shards, and reading them.

Rows are read, not memory-mapped: mapped pages count as memory of the process, and the system caches reads anyway.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kerastune_ft.stores.failures import explain_failures, removed_error
from kerastune_ft.stores.shards import ID_BYTES, ID_TYPE, Shard

_OPEN_FILES = 64
# As many buffers as one call takes (IOV_MAX of Linux and macOS).
_BUFFERS = 1024


def id_array(ids: Sequence[bytes]) -> np.ndarray:
    """Return row ids as an array; raise ValueError for an id of the wrong length."""
    if any(len(one) != ID_BYTES for one in ids):
        raise ValueError(f"a row id has {ID_BYTES} bytes")
    return np.frombuffer(b"".join(ids), ID_TYPE)


class Places:
    """The shard and row of each id, as far as shards have been searched; a repeated id has one place."""

    def __init__(self, ids: np.ndarray) -> None:
        self._sorted, self.first, self._of = np.unique(ids, return_index=True, return_inverse=True)
        self._shard = np.full(len(self._sorted), -1, np.int32)
        self._row = np.zeros(len(self._sorted), np.int64)
        self._searched = 0

    def search(self, shards: Sequence[Shard]) -> None:
        """Find ids in shards; the list begins with those that were searched before."""
        for number in range(self._searched, len(shards)):
            ids = shards[number].ids
            at = np.searchsorted(self._sorted, ids)
            at[at == len(self._sorted)] = 0
            found = np.flatnonzero(self._sorted[at] == ids) if len(self._sorted) else np.zeros(0, np.int64)
            self._shard[at[found]] = number
            self._row[at[found]] = found
        self._searched = len(shards)

    @property
    def missing(self) -> np.ndarray:
        """For each id, whether it was not found."""
        return self._shard[self._of] < 0

    def locate(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for each id the number of its shard and its row in that shard."""
        return self._shard[self._of], self._row[self._of]


class Rows:
    """Rows of a store, addressed by position in the list of ids they were requested with; any thread may read."""

    def __init__(self, places: Places, shards: Sequence[Shard], row_bytes: int) -> None:
        self._shard, self._row = places.locate()
        self._paths = [shard.path for shard in shards]
        self._row_bytes = row_bytes
        self._files = _OpenFiles()

    def __len__(self) -> int:
        return len(self._row)

    def __getitem__(self, positions: np.ndarray) -> np.ndarray:
        """Return the rows at some positions, uint8 [n, row_bytes]."""
        positions = np.asarray(positions)
        shard, row = self._shard[positions], self._row[positions]
        order = np.lexsort((row, shard))
        out = np.empty((len(positions), self._row_bytes), np.uint8)
        flat, size = out.reshape(-1).data, self._row_bytes
        buffers = [flat[at : at + size] for at in (order * size).tolist()]
        for start, end in _runs(shard[order], row[order]):
            first = order[start]
            self._read_range(self._paths[shard[first]], int(row[first]) * size, buffers[start:end])
        return out

    def _read_range(self, path: Path, offset: int, buffers: list[memoryview]) -> None:
        """Fill buffers with consecutive bytes of a file, from an offset on."""
        with explain_failures(path):
            file = self._files.open(path)
            while buffers:
                count = os.preadv(file.descriptor, buffers[:_BUFFERS], offset)
                if count == 0:
                    raise removed_error(path)
                offset += count
                buffers = _drop_first(buffers, count)


def _runs(shard: np.ndarray, row: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield start and end of each run of rows that are consecutive in one file."""
    breaks = np.flatnonzero((shard[1:] != shard[:-1]) | (row[1:] != row[:-1] + 1)) + 1
    edges = [0, *breaks.tolist(), len(row)] if len(row) else []
    return itertools.pairwise(edges)


def _drop_first(buffers: list[memoryview], count: int) -> list[memoryview]:
    """Return the buffers that remain after `count` bytes were read; a read may stop anywhere."""
    for number, buffer in enumerate(buffers):
        if count < len(buffer):
            return [buffer[count:], *buffers[number + 1 :]]
        count -= len(buffer)
    return []


class _OpenFile:
    """A file that is closed once nobody reads it; at exit the system closes it."""

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDONLY)
        # typeshed does not know that it can be assigned.
        weakref.finalize(self, os.close, self.descriptor).atexit = False  # type: ignore[misc]


class _OpenFiles:
    """The most recently read files, opened on demand; an evicted file stays open until its readers are done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, _OpenFile] = OrderedDict()

    def open(self, path: Path) -> _OpenFile:
        with self._lock:
            file = self._open.pop(path, None) or _OpenFile(path)
            self._open[path] = file
            if len(self._open) > _OPEN_FILES:
                self._open.popitem(last=False)
            return file
