"""How processes that need the same rows share the work of computing them.

The rows missing when the first of them began are cut into blocks, the same in all of them. A process computes the
blocks whose locks it gets; the lock of one that dies is free again.
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
    """Return the rows of a block: at least 16 blocks and at most 256, of at most 64 MB where both can be had."""

    def whole(count: float) -> int:
        return max(1, int(count // multiple)) * multiple

    wanted = min(whole(rows / _FEWEST), whole(_BLOCK_BYTES / row_bytes))
    fewest_for_most = -(-rows // (_MOST * multiple)) * multiple
    return max(wanted, fewest_for_most)


class Agenda:
    """The positions that were missing when the first of the processes that claim the same ids began.

    The file that says so is locked, shared, by all that take part, and written anew once none does.
    """

    def __init__(self, folder: Path, ids: np.ndarray, missing: np.ndarray) -> None:
        self._path = folder / f"{_digest(ids)}.agenda"
        self._guard = threading.Lock()
        self._sharers = 1
        while True:
            self._lock, found = self._joined(missing)
            if found is not None:
                break
            # Its writer died over it, or another process tidied it away before it was shared.
            self._lock.release()
        self.positions = np.flatnonzero(found)

    def _joined(self, missing: np.ndarray) -> tuple[Lock, np.ndarray | None]:
        lock = acquire(self._path)
        if lock is None:
            lock = acquire(self._path, shared=True, wait=True)
            assert lock is not None
        else:
            _write(lock, np.packbits(missing).tobytes())
            if not lock.share():
                return lock, None
        # Only now, since another may have written it between having it alone and sharing it.
        return lock, _read(lock, len(missing))

    def join(self) -> None:
        """Stay on the agenda once more: for a block whose rows are not all there."""
        with self._guard:
            self._sharers += 1

    def leave(self) -> None:
        """Have no more part in it; the last process takes the file away."""
        with self._guard:
            self._sharers -= 1
            if self._sharers:
                return
        self._lock.release()
        # The folder is gone where the store was closed before, and evicted.
        with contextlib.suppress(FileNotFoundError):
            last = acquire(self._path)
            if last is not None:
                last.release_and_remove()


def _digest(ids: np.ndarray) -> str:
    return hashlib.sha256(ids.tobytes()).hexdigest()[:32]


def _write(lock: Lock, content: bytes) -> None:
    os.ftruncate(lock.descriptor, 0)
    content += hashlib.sha256(content).digest()
    written = 0
    while written < len(content):
        written += os.pwrite(lock.descriptor, content[written:], written)


def _read(lock: Lock, count: int) -> np.ndarray | None:
    content = os.pread(lock.descriptor, os.fstat(lock.descriptor).st_size, 0)
    bits, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(bits).digest() != digest:
        return None
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=count).astype(bool)


class Claims:
    """The blocks of rows that this process computes."""

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
        """`folders` are those of claims and of shards; `missing` looks again which rows are not there."""
        self._ids = ids
        self._multiple = multiple
        self._claims, self._shards = folders
        self._key = key
        self._row_bytes = row_bytes
        self._missing = missing
        self._committed = committed

    def alone(self) -> Iterator[Block]:
        """Yield all missing rows in blocks, whoever has claimed them: rows that come twice do no harm."""
        for part in _cut(np.flatnonzero(self._missing()), self._multiple, self._row_bytes):
            yield Block(part, self._ids[part], self._shards, self._key, self._row_bytes, self._taken)

    def _taken(self, shard: Shard | None) -> None:
        if shard is not None:
            self._committed(shard)

    def blocks(self, is_over: Callable[[], bool], waits: bool) -> Iterator[Block]:
        """Yield blocks until every row is there or in a block that this process has; `is_over` ends it before.

        One that does not wait ends where other processes have all blocks that are left.
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
                    lock = acquire(self._claims / f"{_digest(self._ids[part])}.block")
                    if lock is not None:
                        left = [one for one in left if one is not part]
                        yield from self._claimed(part, lock, agenda)
                if len(left) == waiting:
                    if not waits:
                        break
                    time.sleep(_PAUSE)
        finally:
            agenda.leave()

    def _claimed(self, part: np.ndarray, lock: Lock, agenda: Agenda) -> Iterator[Block]:
        with contextlib.ExitStack() as undone:
            undone.callback(lock.release_and_remove)
            positions = part[self._missing()[part]]
            if not len(positions):
                return
            undone.pop_all()
        agenda.join()

        def done(shard: Shard | None) -> None:
            self._taken(shard)
            lock.release_and_remove()
            agenda.leave()

        yield Block(positions, self._ids[positions], self._shards, self._key, self._row_bytes, done)


def _cut(positions: np.ndarray, multiple: int, row_bytes: int) -> list[np.ndarray]:
    size = block_rows(len(positions), multiple, row_bytes)
    return [positions[start : start + size] for start in range(0, len(positions), size)]
