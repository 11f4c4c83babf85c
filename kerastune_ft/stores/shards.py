"""Shards: a file of rows, and an index with their ids, size and SHA-256.

A shard exists once its index does, which is renamed into place after the rows are on the disk. Rows without an index
are being written by the process that holds the lock on their file; if nobody holds it, a killed process left them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.durable import write_whole
from kerastune_ft.stores.locks import acquire

ID_BYTES = 32
ID_TYPE = np.dtype(f"S{ID_BYTES}")
_ROWS, _INDEX, _PARTIAL = ".rows", ".index", ".partial"
_DIGEST_BYTES = 32


class DamagedError(Exception):
    """The content of a shard differs from what was written."""


@dataclass(frozen=True, eq=False)
class Shard:
    """A verified file of rows, and the ids of its rows in order."""

    path: Path
    ids: np.ndarray


def new_name() -> str:
    """Return a random name for a new shard."""
    return secrets.token_hex(8)


def rows_file(folder: Path, name: str) -> Path:
    """Return the file of a shard's rows."""
    return folder / f"{name}{_ROWS}"


def list_shards(folder: Path) -> list[str]:
    """Return the names of all committed shards, damaged ones included."""
    with os.scandir(folder) as entries:
        return sorted(entry.name.removesuffix(_INDEX) for entry in entries if entry.name.endswith(_INDEX))


def write_index(folder: Path, name: str, key: str, row_bytes: int, ids: np.ndarray, sha256: str) -> None:
    """Commit a shard whose rows are already on the disk."""
    head = json.dumps({"key": key, "rows": len(ids), "row_bytes": row_bytes, "sha256": sha256}).encode() + b"\n"
    content = head + ids.tobytes()
    partial = folder / f"{name}{_PARTIAL}"
    write_whole(partial, folder / f"{name}{_INDEX}", content + hashlib.sha256(content).digest())
    remember(rows_file(folder, name))


def check(folder: Path, name: str, key: str, row_bytes: int) -> Shard:
    """Read and verify a shard; raise DamagedError if it differs from what was written."""
    path = rows_file(folder, name)
    try:
        facts, ids = _read_index(folder, name)
        if (facts["key"], facts["row_bytes"]) != (key, row_bytes):
            raise DamagedError(f"{path.name} belongs to another store")
        _check_rows(path, facts["rows"] * row_bytes, facts["sha256"])
    except OSError as error:
        raise DamagedError(f"{path.name} cannot be read ({(error.strerror or str(error)).lower()})") from error
    return Shard(path, np.frombuffer(ids, ID_TYPE))


def read_ids(folder: Path, name: str) -> list[bytes]:
    """Return the ids in a shard's index without reading its rows; raise DamagedError if the index is damaged."""
    ids = _read_index(folder, name)[1]
    return [ids[start : start + ID_BYTES] for start in range(0, len(ids), ID_BYTES)]


def _read_index(folder: Path, name: str) -> tuple[dict[str, Any], bytes]:
    content = (folder / f"{name}{_INDEX}").read_bytes()
    sealed, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if hashlib.sha256(sealed).digest() != digest:
        raise DamagedError(f"the index of {rows_file(folder, name).name} is damaged")
    head, _, ids = sealed.partition(b"\n")
    return json.loads(head), ids


def _check_rows(path: Path, size: int, sha256: str) -> None:
    with open(path, "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_size != size:
            raise DamagedError(f"{path.name} has {found.st_size:,} bytes, not {size:,}")
        if _is_known(path, found):
            return
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise DamagedError(f"{path.name} was changed")
    remember(path, found)


def remove(folder: Path, name: str) -> None:
    """Delete a shard, its index first."""
    for suffix in (_INDEX, _PARTIAL, _ROWS):
        path = folder / f"{name}{suffix}"
        if path.is_dir():
            # Not written by this program, but in the way.
            shutil.rmtree(path)
            continue
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def remove_abandoned(folder: Path) -> None:
    """Delete the uncommitted rows of processes that have ended."""
    present = {entry.name for entry in folder.iterdir()}
    begun = {os.path.splitext(name)[0] for name in present if name.endswith((_ROWS, _PARTIAL))}
    for name in begun:
        if f"{name}{_INDEX}" in present:
            continue
        held = acquire(rows_file(folder, name))
        if held is None:
            continue
        # Its writer may have committed it before this process got the lock.
        if (folder / f"{name}{_INDEX}").exists():
            held.release()
        else:
            remove(folder, name)
            held.release()


# Files that this process has written or verified: path, inode, size, time of the last change.
_known: set[tuple[str, int, int, int]] = set()
_known_lock = threading.Lock()


def _identity(path: Path, status: os.stat_result) -> tuple[str, int, int, int]:
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns


def remember(path: Path, status: os.stat_result | None = None) -> None:
    """Remember that this process has written or verified a file of rows, so that it is not verified again."""
    with _known_lock:
        _known.add(_identity(path, status or path.stat()))


def _is_known(path: Path, status: os.stat_result) -> bool:
    with _known_lock:
        return _identity(path, status) in _known
