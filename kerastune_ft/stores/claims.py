"""Sharing the computation of missing rows between processes.

The rows that are missing when the first process starts are cut into blocks, the same in every process. A process
computes the blocks whose locks it gets; the lock of a process that dies becomes free again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kerastune_ft.stores.block import Block
from kerastune_ft.stores.locks import Lock, acquire
from kerastune_ft.stores.shards import Shard

_FEWEST, _MOST = 16, 256
_BLOCK_BYTES = 64 * 1024 * 1024
_PAUSE = 0.05
_DIGEST_BYTES = 32


def block_rows(rows: int, multiple: int, row_bytes: int) -> int:
    """Return how many rows a block has: 16 to 256 blocks, each of at most 64 MB where possible."""

    def whole(count: float) -> int:
        return max(1, int(count // multiple)) * multiple

    wanted = min(whole(rows / _FEWEST), whole(_BLOCK_BYTES / row_bytes))
    fewest_for_most = -(-rows // (_MOST * multiple)) * multiple
    return max(wanted, fewest_for_most)


class Agenda:
    """The positions that were missing when the first process that claims these ids started.

    All processes that take part share the lock on its file; once none does, the next one rewrites the file.
    """

    def __init__(self, folder: Path, ids: np.ndarray, missing: np.ndarray) -> None:
        self._path = folder / f"{_digest(ids)}.agenda"
        self._guard = threading.Lock()
        self._sharers = 1
        while True:
            self._lock, found = self._enter(missing)
            if found is not None:
                break
            # Its writer died while writing it, or another process removed it before it was shared.
            self._lock.release()
        self.positions = np.flatnonzero(found)

    def _enter(self, missing: np.ndarray) -> tuple[Lock, np.ndarray | None]:
        lock = acquire(self._path, insists=True)
        if lock is None:
            lock = acquire(self._path, shared=True, wait=True)
            assert lock is not None
        else:
            _write_agenda(lock, np.packbits(missing).tobytes())
            if not lock.share():
                return lock, None
        # Read only now: another process may have written it between the exclusive and the shared lock.
        return lock, _read_agenda(lock, len(missing))

    def join(self) -> None:
        """Hold the agenda once more, for a block whose rows are not committed yet."""
        with self._guard:
            self._sharers += 1

    def leave(self) -> None:
        """Give up one hold; the last process removes the file."""
        with self._guard:
            self._sharers -= 1
            if self._sharers:
                return
        self._lock.release()
        # The folder is gone if the store was closed and evicted before.
        with contextlib.suppress(FileNotFoundError):
            last = acquire(self._path)
            if last is not None:
                last.release_and_remove()


def _digest(ids: np.ndarray) -> str:
    return hashlib.sha256(ids.tobytes()).hexdigest()[:32]


def _write_agenda(lock: Lock, content: bytes) -> None:
    os.ftruncate(lock.descriptor, 0)
    content += hashlib.sha256(content).digest()
    written = 0
    while written < len(content):
        written += os.pwrite(lock.descriptor, content[written:], written)


def _read_agenda(lock: Lock, count: int) -> np.ndarray | None:
    content = os.pread(lock.descriptor, os.fstat(lock.descriptor).st_size, 0)
    bits, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(bits).digest() != digest:
        return None
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=count).astype(bool)


class Claims:
    """The blocks of missing rows that this process may compute."""

    def __init__(
        self,
        ids: np.ndarray,
        multiple: int,
        folders: tuple[Path, Path],
        key: str,
        row_bytes: int,
        missing: Callable[[], np.ndarray],
        committed: Callable[[Shard], None],
    ) -> None:
        """`folders` are those of claims and of shards; `missing` checks again which rows are absent."""
        self._ids = ids
        self._multiple = multiple
        self._claims, self._shards = folders
        self._key = key
        self._row_bytes = row_bytes
        self._missing = missing
        self._committed = committed

    def all_missing(self) -> Iterator[Block]:
        """Yield all missing rows in blocks, claimed by others or not; rows written twice do no harm."""
        for part in _cut(np.flatnonzero(self._missing()), self._multiple, self._row_bytes):
            yield Block(part, self._ids[part], self._shards, self._key, self._row_bytes, self._add)

    def _add(self, shard: Shard | None) -> None:
        if shard is not None:
            self._committed(shard)

    def blocks(self, is_over: Callable[[], bool], waits: bool) -> Iterator[Block]:
        """Yield blocks until every row is stored or in a block of this process; `is_over` ends it earlier.

        Unless `waits`, it ends as soon as other processes hold all remaining blocks.
        """
        missing = self._missing()
        if not missing.any():
            return
        agenda = Agenda(self._claims, self._ids, missing)
        try:
            left = _cut(agenda.positions, self._multiple, self._row_bytes)
            while left and not is_over():
                waiting = len(left)
                for part in list(left):
                    lock = acquire(self._claims / f"{_digest(self._ids[part])}.block", insists=True)
                    if lock is not None:
                        left = [one for one in left if one is not part]
                        yield from self._claim(part, lock, agenda)
                if len(left) == waiting:
                    if not waits:
                        break
                    time.sleep(_PAUSE)
        finally:
            agenda.leave()

    def _claim(self, part: np.ndarray, lock: Lock, agenda: Agenda) -> Iterator[Block]:
        with contextlib.ExitStack() as undone:
            undone.callback(lock.release_and_remove)
            positions = part[self._missing()[part]]
            if not len(positions):
                return
            undone.pop_all()
        agenda.join()

        def finish(shard: Shard | None) -> None:
            self._add(shard)
            lock.release_and_remove()
            agenda.leave()

        yield Block(positions, self._ids[positions], self._shards, self._key, self._row_bytes, finish)


def _cut(positions: np.ndarray, multiple: int, row_bytes: int) -> list[np.ndarray]:
    size = block_rows(len(positions), multiple, row_bytes)
    return [positions[start : start + size] for start in range(0, len(positions), size)]
