"""A block: missing rows that this process computes and writes into a store."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from kerastune_ft.durable import sync
from kerastune_ft.errors import KerasTuneError
from kerastune_ft.stores import shards
from kerastune_ft.stores.failures import explain_failures
from kerastune_ft.stores.locks import Lock, acquire
from kerastune_ft.stores.shards import Shard


class Block:
    """Missing rows that this process has claimed; any thread may write, commit or abandon them."""

    def __init__(
        self,
        positions: np.ndarray,
        ids: np.ndarray,
        folder: Path,
        key: str,
        row_bytes: int,
        on_finish: Callable[[Shard | None], None],
    ) -> None:
        """`positions` say where `ids` stand among the ids claimed; `on_finish` gets the shard, None after `abandon`."""
        self.positions = positions
        self._ids = ids
        self._folder = folder
        self._key = key
        self._row_bytes = row_bytes
        self._on_finish: Callable[[Shard | None], None] | None = on_finish
        self._name = shards.new_name()
        self._file: Lock | None = None
        self._digest = hashlib.sha256()
        self._written = 0

    @property
    def is_full(self) -> bool:
        """Return whether all rows are written."""
        return self._written == len(self._ids)

    def write(self, rows: np.ndarray) -> None:
        """Append rows, uint8 [k, row_bytes], in the order of `positions`."""
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != self._row_bytes:
            raise ValueError(f"rows are {rows.dtype} {rows.shape}, not uint8 [k, {self._row_bytes}]")
        if self._on_finish is None or self._written + len(rows) > len(self._ids):
            raise ValueError(f"a block of {len(self._ids)} rows has no room for {len(rows)} more")
        content = np.ascontiguousarray(rows).reshape(-1).data
        self._digest.update(content)
        with self._abandon_on_failure():
            descriptor = self._open().descriptor
            while content:
                content = content[os.write(descriptor, content) :]
        self._written += len(rows)

    def commit(self) -> None:
        """Make the rows visible to all processes and release the block."""
        if self._on_finish is None or not self.is_full:
            raise ValueError(f"{self._written} of the {len(self._ids)} rows of a block are written")
        with self._abandon_on_failure():
            file = self._open()
            sync(file.descriptor)
            shards.write_index(
                self._folder, self._name, self._key, self._row_bytes, self._ids, self._digest.hexdigest()
            )
        self._finish(Shard(file.path, self._ids))

    def abandon(self) -> None:
        """Delete what was written and release the block; does nothing after `commit` or `abandon`."""
        if self._on_finish is not None:
            with contextlib.suppress(OSError):
                shards.remove(self._folder, self._name)
            self._finish(None)

    def _open(self) -> Lock:
        if self._file is None:
            # Holding the lock says that the writer is alive. Nobody else knows the name, so this never waits long.
            self._file = acquire(shards.rows_file(self._folder, self._name), wait=True)
        assert self._file is not None
        return self._file

    @contextlib.contextmanager
    def _abandon_on_failure(self) -> Iterator[None]:
        """Abandon the block where the disk fails, so that nothing half-written stays."""
        try:
            with explain_failures(self._folder, len(self._ids) * self._row_bytes):
                yield
        except KerasTuneError:
            self.abandon()
            raise

    def _finish(self, shard: Shard | None) -> None:
        on_finish, self._on_finish = self._on_finish, None
        if self._file is not None:
            self._file.release()
        if on_finish is not None:
            on_finish(shard)
