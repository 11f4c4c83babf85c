"""Rows on their way into a store: a share of the missing ones that this process computes alone."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kerastune_ft.errors import KerasTuneError
from kerastune_ft.stores import shards
from kerastune_ft.stores.failures import explained
from kerastune_ft.stores.locks import Lock, acquire
from kerastune_ft.stores.shards import Shard


class Block:
    """Missing rows that are this process's to compute, until they are committed or abandoned, in any thread."""

    def __init__(
        self,
        positions: np.ndarray,
        ids: np.ndarray,
        folder: Path,
        key: str,
        row_bytes: int,
        done: Callable[[Shard | None], None],
    ) -> None:
        """`positions` are those of `ids` in what was claimed; `done` is told the shard, or None of an abandoned one."""
        self.positions = positions
        self._ids = ids
        self._folder = folder
        self._key = key
        self._row_bytes = row_bytes
        self._done: Callable[[Shard | None], None] | None = done
        self._name = shards.new_name()
        self._file: Lock | None = None
        self._digest = hashlib.sha256()
        self._written = 0

    @property
    def is_full(self) -> bool:
        """Return whether all rows are written."""
        return self._written == len(self._ids)

    def write(self, rows: np.ndarray) -> None:
        """Add rows, uint8 [k, row_bytes], in the order of `positions`; those before are left as they are."""
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != self._row_bytes:
            raise ValueError(f"rows are {rows.dtype} {rows.shape}, and not uint8 [k, {self._row_bytes}]")
        if self._done is None or self._written + len(rows) > len(self._ids):
            raise ValueError(f"a block of {len(self._ids)} rows takes no {len(rows)} more")
        content = np.ascontiguousarray(rows).reshape(-1).data
        self._digest.update(content)
        with self._or_abandoned():
            descriptor = self._opened().descriptor
            while content:
                content = content[os.write(descriptor, content) :]
        self._written += len(rows)

    def commit(self) -> None:
        """Add the rows to the store, for all processes, and give the block up."""
        if self._done is None or not self.is_full:
            raise ValueError(f"{self._written} of the {len(self._ids)} rows of a block are written")
        with self._or_abandoned():
            file = self._opened()
            os.fsync(file.descriptor)
            shards.write_index(
                self._folder, self._name, self._key, self._row_bytes, self._ids, self._digest.hexdigest()
            )
        self._finish(Shard(file.path, self._ids))

    def abandon(self) -> None:
        """Throw away what was written and give the block up; nothing where that was done before."""
        if self._done is not None:
            with contextlib.suppress(OSError):
                shards.remove(self._folder, self._name)
            self._finish(None)

    def _opened(self) -> Lock:
        if self._file is None:
            # The lock says that its writer lives. Nobody else knows the name.
            self._file = acquire(shards.rows_file(self._folder, self._name), wait=True)
        assert self._file is not None
        return self._file

    @contextlib.contextmanager
    def _or_abandoned(self) -> Iterator[None]:
        """Leave nothing half-written behind where the disk fails."""
        try:
            with explained(self._folder, len(self._ids) * self._row_bytes):
                yield
        except KerasTuneError:
            self.abandon()
            raise

    def _finish(self, shard: Shard | None) -> None:
        done, self._done = self._done, None
        if self._file is not None:
            self._file.release()
        if done is not None:
            done(shard)
