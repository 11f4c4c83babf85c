"""The feature store: rows of bytes by id, computed once and read by every later phase and run."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.stores import record, shards
from kerastune_ft.stores.block import Block
from kerastune_ft.stores.claims import Claims
from kerastune_ft.stores.failures import explained, unusable
from kerastune_ft.stores.locks import Lock, acquire, remove_free
from kerastune_ft.stores.rows import Places, Rows, as_array
from kerastune_ft.stores.shards import DamagedError, Shard

_THREADS = min(4, os.cpu_count() or 1)


class FeatureStore:
    """Equally long rows by 32-byte id, on disk, shared by all processes that name the same parts.

    What a killed or failing process left is never used. While a store is open it is not evicted.
    """

    def __init__(
        self,
        root: Path,
        parts: Mapping[str, Any],
        row_bytes: int,
        about: Mapping[str, Any],
        warn: Callable[[str], None],
    ) -> None:
        """Open the store under `root` whose rows depend on `parts`, all of which its key is made of.

        `about` is what listings say of it. `warn` is told of damaged rows, which count as missing. The rows that are
        there are checked by threads meanwhile, each shard once in a process.
        """
        self.key = record.key_of(parts, row_bytes)
        self.row_bytes = row_bytes
        self.path = record.folder_of(root, self.key)
        self._warn = warn
        self._guard = threading.RLock()
        self._shards: list[Shard] = []
        self._seen: set[str] = set()
        self._checks: dict[str, Future[Shard]] = {}
        self._is_closed = False
        self._threads = ThreadPoolExecutor(_THREADS, "check")
        with contextlib.ExitStack() as undone, explained(self.path):
            self._mark = _entered(self.path)
            undone.callback(self.close)
            for folder in (self._shards_folder, self._claims_folder):
                folder.mkdir(exist_ok=True)
            if not (self.path / record.RECORD).exists():
                record.write_record(self.path, parts, row_bytes, about)
            os.utime(self.path / record.USED)
            shards.remove_abandoned(self._shards_folder)
            remove_free(self._claims_folder)
            self._notice()
            undone.pop_all()
        # Whether nothing was stored when it was opened.
        self.is_new = not self._checks

    @property
    def _shards_folder(self) -> Path:
        return self.path / record.SHARDS

    @property
    def _claims_folder(self) -> Path:
        return self.path / record.CLAIMS

    def missing(self, ids: Sequence[bytes]) -> np.ndarray:
        """Return for each id whether its row is not there, those of other processes included."""
        return self._look(Places(as_array(ids))).missing

    def rows(self, ids: Sequence[bytes]) -> Rows:
        """Return the rows of these ids, to be read by their positions; raise KeyError where one is not there."""
        places = self._look(Places(as_array(ids)))
        lacking = int(places.missing.sum())
        if lacking:
            raise KeyError(f"{lacking} of {len(ids)} rows are not in the store {self.path}")
        return Rows(places, self._shards, self.row_bytes)

    def claim(
        self, ids: Sequence[bytes], multiple: int, *, waits: bool = True, alone: bool = False
    ) -> Generator[Block]:
        """Yield blocks of missing rows, each a multiple of `multiple` but the last, for this process to compute.

        Blocks of other living processes are waited for, unless `waits` is False: then it ends before them. Else, at the
        end, every row is there or in a block that this process was given and has not committed. A block may be
        committed in another thread, after the next was asked for. With `alone` the claims of others do not count.
        """
        wanted = as_array(ids)
        places = Places(wanted)
        once = np.zeros(len(wanted), bool)
        once[places.first] = True
        claims = Claims(
            wanted,
            multiple,
            (self._claims_folder, self._shards_folder),
            self.key,
            self.row_bytes,
            lambda: self._look(places).missing & once,
            self._add,
        )
        with explained(self.path):
            yield from claims.alone() if alone else claims.blocks(lambda: self._is_closed, waits)

    def close(self) -> None:
        """Let the store be evicted from now on; claims that still wait end."""
        with self._guard:
            if self._is_closed:
                return
            self._is_closed = True
        self._threads.shutdown(cancel_futures=True)
        with contextlib.suppress(OSError):
            os.utime(self._mark.descriptor)
        self._mark.release()

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _look(self, places: Places) -> Places:
        """Find ids in all shards there are now."""
        with self._guard:
            with explained(self.path):
                self._notice()
            self._settle()
            places.look_through(self._shards)
        return places

    def _notice(self) -> None:
        """Have new shards checked."""
        for name in shards.names(self._shards_folder):
            if name not in self._seen:
                self._seen.add(name)
                self._checks[name] = self._threads.submit(
                    shards.check, self._shards_folder, name, self.key, self.row_bytes
                )

    def _settle(self) -> None:
        """Wait for the checks; take the shards that are as they were written, and delete the others."""
        damaged = []
        for name, checked in list(self._checks.items()):
            try:
                self._shards.append(checked.result())
            except DamagedError as problem:
                damaged.append(str(problem))
                shards.remove(self._shards_folder, name)
            del self._checks[name]
        if damaged:
            more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
            self._warn(f"stored features in {self.path} are damaged: {damaged[0]}{more}; they are computed again")

    def _add(self, shard: Shard) -> None:
        """Take a shard that this process has written."""
        with self._guard:
            if shard.path.stem not in self._seen:
                self._seen.add(shard.path.stem)
                self._shards.append(shard)


def _entered(folder: Path) -> Lock:
    """Return the mark that says a store is in use; its folder is made, anew if it is just being evicted."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError as error:
            # No folder can be made there: nothing that was there has gone.
            raise unusable(folder, error) from error
        try:
            mark = acquire(folder / record.USED, shared=True, wait=True)
        except FileNotFoundError:
            continue
        assert mark is not None
        return mark
