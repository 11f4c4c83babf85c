"""The disk budget of all feature stores, and evicting the least recently used ones."""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.byte_sizes import parse_bytes, size_text
from kerastune_ft.stores import record
from kerastune_ft.stores.failures import explain_failures
from kerastune_ft.stores.locks import acquire, is_held

DEFAULT_BYTES = 20_000_000_000
DEFAULT_SHARE = 0.2
# Rounded to whole GB, so that a plan made again prints the same number although files were written meanwhile.
_WHOLE = 1_000_000_000
_GATE = ".lock"
_REMOVED = ".removed-"


@dataclass(frozen=True)
class StoreInfo:
    """The facts of a store that are known without reading its rows."""

    key: str
    about: Mapping[str, Any]
    rows: int
    bytes: int
    created: str | None
    used: datetime.datetime
    in_use: bool


def list_stores(root: Path) -> list[StoreInfo]:
    """Return all stores, least recently used first."""
    found = [info for folder in _folders(root) if (info := _read_info(folder)) is not None]
    return sorted(found, key=lambda info: (info.used, info.key))


def budget_bytes(option: int | str | None, root: Path) -> int:
    """Return how many bytes all stores may hold together, given runtime.cache_budget.

    The default is 20 GB, or 20 % of the space that is free or held by stores if that is less, in whole GB.
    """
    if option is not None:
        return option if isinstance(option, int) else parse_bytes(option)
    held = sum(info.bytes for info in list_stores(root))
    share = int(DEFAULT_SHARE * (_free_bytes(root) + held))
    return min(DEFAULT_BYTES, share // _WHOLE * _WHOLE or share)


def make_room(root: Path, needed: int, limit: int, keep: Collection[str], note: Callable[[str], None]) -> bool:
    """Evict stores, least recently used first, until `needed` more bytes fit within `limit` and on the disk.

    Stores in use, and those whose key is in `keep`, stay. Returns False, and evicts nothing, if that is not enough.
    """
    if not root.is_dir():
        return needed <= min(limit, _free_bytes(root))
    with _lock_removals(root):
        present = list_stores(root)
        held = sum(info.bytes for info in present)
        limit = min(limit, held + _free_bytes(root))
        kept = {key[: len(info.key)] for info in present for key in keep}
        evictable = [info for info in present if not info.in_use and info.key not in kept]
        if held - sum(info.bytes for info in evictable) + needed > limit:
            return False
        for info in evictable:
            if held + needed <= limit:
                break
            if _remove(root, info.key):
                held -= info.bytes
                note(
                    f"removed {size_text(info.bytes)} of stored features, {describe(info)}, last used "
                    f"{_day(info.used)}, to make room in {root}"
                )
        return held + needed <= limit


def clear(root: Path, chosen: Collection[str]) -> list[str]:
    """Delete the stores with these keys, except those in use; return the keys of the deleted ones."""
    if not root.is_dir():
        return []
    with _lock_removals(root):
        return [key for key in chosen if _remove(root, key)]


def describe(info: StoreInfo) -> str:
    """Return a store's description for messages: the cut, the backbone, the data, and the start of its key."""
    words = ", ".join(value for value in info.about.values() if value and isinstance(value, str))
    return f"{words} ({info.key[:8]})" if words else info.key[:8]


def _day(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    with explain_failures(root):
        return [folder for folder in root.iterdir() if record.is_store(folder)]


def _read_info(folder: Path) -> StoreInfo | None:
    """Return the facts of a store, or None if it has just been removed."""
    about = record.read_record(folder)
    files = list(_files(folder))
    try:
        status = (folder / record.USED).stat()
    except FileNotFoundError:
        if not folder.is_dir():
            return None
        status = folder.stat()
    row_bytes = about.get("row_bytes") or 0
    committed = {os.path.splitext(name)[0] for name, _ in files if name.endswith(".index")}
    stored = sum(size for name, size in files if name.endswith(".rows") and os.path.splitext(name)[0] in committed)
    return StoreInfo(
        key=folder.name,
        about=about.get("about") or {"cut": f"{record.RECORD} cannot be read"},
        rows=stored // row_bytes if row_bytes else 0,
        bytes=sum(size for _, size in files),
        created=about.get("created"),
        used=datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC),
        in_use=is_held(folder / record.USED),
    )


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield name and size of every file of a store; other processes may add and remove files meanwhile."""
    for here, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                yield name, os.stat(os.path.join(here, name)).st_size


def _free_bytes(root: Path) -> int:
    """Return the free bytes of the disk that holds the stores, or will."""
    place = root.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


@contextlib.contextmanager
def _lock_removals(root: Path) -> Iterator[None]:
    """Let only one process remove stores at a time; first delete what a killed process left half-removed."""
    with explain_failures(root):
        gate = acquire(root / _GATE, wait=True)
        assert gate is not None
        try:
            for left in root.glob(f"{_REMOVED}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            gate.release()


def _remove(root: Path, key: str) -> bool:
    """Delete a store unless it is in use; return whether it was deleted."""
    folder = root / key
    if not folder.is_dir():
        return False
    mark = acquire(folder / record.USED)
    if mark is None:
        return False
    try:
        # Once renamed nobody finds the store; a process waiting for the mark sees that its file is gone.
        removed = root / f"{_REMOVED}{secrets.token_hex(8)}"
        os.replace(folder, removed)
        shutil.rmtree(removed)
    finally:
        mark.release()
    return True
