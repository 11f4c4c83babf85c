"""How much feature stores may hold together, and which of them goes when that is not enough."""

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
from kerastune_ft.stores.failures import explained
from kerastune_ft.stores.locks import acquire, is_held

DEFAULT_BYTES = 20_000_000_000
DEFAULT_SHARE = 0.2
# So that a plan made again says the same, though some file was written meanwhile.
_WHOLE = 1_000_000_000
_GATE = ".lock"
_REMOVED = ".removed-"


@dataclass(frozen=True)
class StoreInfo:
    """What is told of a store without reading its rows."""

    key: str
    about: Mapping[str, Any]
    rows: int
    bytes: int
    created: str | None
    used: datetime.datetime
    in_use: bool


def stores(root: Path) -> list[StoreInfo]:
    """Return the stores there are, the one used longest ago first."""
    found = [info for folder in _folders(root) if (info := _info(folder)) is not None]
    return sorted(found, key=lambda info: (info.used, info.key))


def budget(option: int | str | None, root: Path) -> int:
    """Return the bytes that stores may hold together, given runtime.cache_budget.

    By default 20 GB, or 20 % of the disk that is free or held by stores if that is less, in whole GB where it is any.
    """
    if option is not None:
        return option if isinstance(option, int) else parse_bytes(option)
    held = sum(info.bytes for info in stores(root))
    share = int(DEFAULT_SHARE * (_free(root) + held))
    return min(DEFAULT_BYTES, share // _WHOLE * _WHOLE or share)


def make_room(root: Path, needed: int, budget: int, keep: Collection[str], note: Callable[[str], None]) -> bool:
    """Evict stores, the one used longest ago first, until `needed` more bytes are within budget and on the disk.

    Those in use, and those whose key is in `keep`, stay. Returns False, and evicts nothing, where that is not enough.
    """
    if not root.is_dir():
        return needed <= min(budget, _free(root))
    with _alone(root):
        present = stores(root)
        held = sum(info.bytes for info in present)
        limit = min(budget, held + _free(root))
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
                    f"removed {size_text(info.bytes)} of stored features, {named(info)}, last used {_day(info.used)}, "
                    f"to make room in {root}"
                )
        return held + needed <= limit


def clear(root: Path, chosen: Collection[str]) -> list[str]:
    """Delete the stores with these keys; return the keys of those that went, which the ones in use are not among."""
    if not root.is_dir():
        return []
    with _alone(root):
        return [key for key in chosen if _remove(root, key)]


def named(info: StoreInfo) -> str:
    """Return what a store is called in sentences: what was computed, from what, and the beginning of its key."""
    words = ", ".join(value for value in info.about.values() if value and isinstance(value, str))
    return f"{words} ({info.key[:8]})" if words else info.key[:8]


def _day(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    with explained(root):
        return [folder for folder in root.iterdir() if record.is_store(folder)]


def _info(folder: Path) -> StoreInfo | None:
    """Return what is told of a store, None where it is gone meanwhile."""
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
    lying = sum(size for name, size in files if name.endswith(".rows") and os.path.splitext(name)[0] in committed)
    return StoreInfo(
        key=folder.name,
        about=about.get("about") or {"cut": f"{record.RECORD} cannot be read"},
        rows=lying // row_bytes if row_bytes else 0,
        bytes=sum(size for _, size in files),
        created=about.get("created"),
        used=datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC),
        in_use=is_held(folder / record.USED),
    )


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield name and size of every file of a store; files come and go while others write."""
    for here, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                yield name, os.stat(os.path.join(here, name)).st_size


def _free(root: Path) -> int:
    """Return the free bytes of the disk where stores are or will be."""
    place = root.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Let one process at a time remove stores; what one that was killed at it left goes first."""
    with explained(root):
        gate = acquire(root / _GATE, wait=True)
        assert gate is not None
        try:
            for left in root.glob(f"{_REMOVED}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            gate.release()


def _remove(root: Path, key: str) -> bool:
    """Delete a store as a whole, unless it is in use; return whether it went."""
    folder = root / key
    if not folder.is_dir():
        return False
    mark = acquire(folder / record.USED)
    if mark is None:
        return False
    try:
        # From here on nobody finds it; whoever waits for the mark sees that its file is gone.
        removed = root / f"{_REMOVED}{secrets.token_hex(8)}"
        os.replace(folder, removed)
        shutil.rmtree(removed)
    finally:
        mark.release()
    return True
