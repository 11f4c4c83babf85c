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
from kerastune_ft.stores.failures import explain_failures, unusable_error
from kerastune_ft.stores.locks import Lock, acquire, remove_free
from kerastune_ft.stores.rows import Places, Rows, id_array
from kerastune_ft.stores.shards import DamagedError, Shard

_THREADS = min(4, os.cpu_count() or 1)


class FeatureStore:
    """Rows of equal length by 32-byte id, on disk, shared by all processes that open it with the same key parts.

    What a killed or failing process left is never used. An open store is not evicted.
    """

    def __init__(
        self,
        root: Path,
        parts: Mapping[str, Any],
        row_bytes: int,
        about: Mapping[str, Any],
        warn: Callable[[str], None],
    ) -> None:
        """Open or create the store under `root` whose key is made of `parts`, everything its rows depend on.

        `about` describes the store in listings. `warn` gets a message about damaged rows, which count as missing.
        Threads verify existing shards in the background, each shard once per process.
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
        with contextlib.ExitStack() as undone, explain_failures(self.path):
            self._mark = _mark_in_use(self.path)
            undone.callback(self.close)
            for folder in (self._shards_folder, self._claims_folder):
                folder.mkdir(exist_ok=True)
            if not (self.path / record.RECORD).exists():
                record.write_record(self.path, parts, row_bytes, about)
            if os.access(self.path, os.W_OK):
                os.utime(self.path / record.USED)
                shards.remove_abandoned(self._shards_folder)
                remove_free(self._claims_folder)
            self._check_new_shards()
            undone.pop_all()
        # Whether the store was empty when it was opened.
        self.is_new = not self._checks

    @property
    def _shards_folder(self) -> Path:
        return self.path / record.SHARDS

    @property
    def _claims_folder(self) -> Path:
        return self.path / record.CLAIMS

    def missing(self, ids: Sequence[bytes]) -> np.ndarray:
        """Return for each id whether its row is missing; rows of other processes count as present."""
        return self._find(Places(id_array(ids))).missing

    def rows(self, ids: Sequence[bytes]) -> Rows:
        """Return the rows of these ids, to be read by position; raise KeyError if one is missing."""
        places = self._find(Places(id_array(ids)))
        lacking = int(places.missing.sum())
        if lacking:
            raise KeyError(f"{lacking} of {len(ids)} rows are not in the store {self.path}")
        return Rows(places, self._shards, self.row_bytes)

    def claim(
        self, ids: Sequence[bytes], multiple: int, *, waits: bool = True, alone: bool = False
    ) -> Generator[Block]:
        """Yield blocks of missing rows for this process to compute, each a multiple of `multiple` except the last.

        By default it waits for blocks of other living processes, so that at the end every row is stored or in a
        block of this process that is not committed yet; with `waits` False it ends without them. A block may be
        committed in another thread, after the next one was requested. `alone` ignores the claims of others.
        """
        wanted = id_array(ids)
        places = Places(wanted)
        once = np.zeros(len(wanted), bool)
        once[places.first] = True
        claims = Claims(
            wanted,
            multiple,
            (self._claims_folder, self._shards_folder),
            self.key,
            self.row_bytes,
            lambda: self._find(places).missing & once,
            self._add,
        )
        with explain_failures(self.path):
            yield from claims.all_missing() if alone else claims.blocks(lambda: self._is_closed, waits)

    def close(self) -> None:
        """Close the store, which may be evicted from now on; waiting claims end."""
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

    def _find(self, places: Places) -> Places:
        """Search the ids in all current shards."""
        with self._guard:
            with explain_failures(self.path):
                self._check_new_shards()
            self._collect_checks()
            places.search(self._shards)
        return places

    def _check_new_shards(self) -> None:
        """Start verifying shards that are new."""
        for name in shards.list_shards(self._shards_folder):
            if name not in self._seen:
                self._seen.add(name)
                self._checks[name] = self._threads.submit(
                    shards.check, self._shards_folder, name, self.key, self.row_bytes
                )

    def _collect_checks(self) -> None:
        """Wait for the checks; add the intact shards and delete the damaged ones."""
        damaged = []
        for name, checked in list(self._checks.items()):
            try:
                self._shards.append(checked.result())
            except DamagedError as problem:
                damaged.append(str(problem))
                # In a cache that cannot be written it stays, and counts as missing.
                with contextlib.suppress(OSError):
                    shards.remove(self._shards_folder, name)
            del self._checks[name]
        if damaged:
            more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
            self._warn(f"stored features in {self.path} are damaged: {damaged[0]}{more}; they will be computed again")

    def _add(self, shard: Shard) -> None:
        """Add a shard that this process has written."""
        with self._guard:
            if shard.path.stem not in self._seen:
                self._seen.add(shard.path.stem)
                self._shards.append(shard)


def _mark_in_use(folder: Path) -> Lock:
    """Return the shared lock that marks a store as in use; create its folder, again if it is just being evicted."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            # It was there and is evicted by now, unless it is a file.
            if folder.exists():
                raise
            continue
        except FileNotFoundError as error:
            # The folder cannot be created at all; this is not the race with an eviction.
            raise unusable_error(folder, error) from error
        try:
            mark = acquire(folder / record.USED, shared=True, wait=True)
        except FileNotFoundError:
            continue
        assert mark is not None
        return mark
