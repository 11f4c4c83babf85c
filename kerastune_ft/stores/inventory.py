"""Listing what the cache directory holds, and deleting stored features from it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.durations import parse_duration
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import is_remote, path_of_user
from kerastune_ft.stores import budget as stored
from kerastune_ft.stores.budget import StoreInfo
from kerastune_ft.stores.cached_folder import require_place
from kerastune_ft.stores.record import FEATURES

_OTHERS = {
    "archives": "unpacked archives",
    "arrays": "unpacked arrays of .npz files",
    "converted": "images rewritten in 8 bits, or in a format TensorFlow reads",
    "embedded": "images of the data sets that come with the package",
    "fetched": "data fetched from other file systems",
    "files": "results of checking data files",
    "locks": "locks of runs in remote directories",
    "tfds": "examples of TFDS data sets",
    "tokens": "token ids of texts",
}


@dataclass(frozen=True)
class CacheContents:
    """The contents of a cache directory: feature stores and other folders."""

    directory: Path
    stores: Sequence[StoreInfo]
    others: Sequence[tuple[str, str, int, int]]
    stored_bytes: int
    budget: int

    def to_json(self) -> dict[str, Any]:
        """Return the contents as JSON values; the total `bytes` include stores that were filtered out."""
        others = [
            {"name": name, "holds": holds, "files": files, "bytes": size} for name, holds, files, size in self.others
        ]
        return {
            "directory": str(self.directory),
            "stores": [_document(info) for info in self.stores],
            "others": others,
            "stored_bytes": self.stored_bytes,
            "budget_bytes": self.budget,
            "bytes": self.stored_bytes + sum(size for *_, size in self.others),
        }


@dataclass(frozen=True)
class ClearedStores:
    """The stores that were deleted, and those left because they are in use."""

    directory: Path
    removed: Sequence[StoreInfo]
    in_use: Sequence[StoreInfo]

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "directory": str(self.directory),
            "removed": [_document(info) for info in self.removed],
            "in_use": [_document(info) for info in self.in_use],
            "bytes": sum(info.bytes for info in self.removed),
        }

    def __str__(self) -> str:
        lines = [f"removed {size_text(info.bytes)}: {stored.describe(info)}" for info in self.removed]
        lines += [f"in use, not removed: {stored.describe(info)}" for info in self.in_use]
        freed = size_text(sum(info.bytes for info in self.removed))
        return "\n".join([*lines, f"{freed} of stored features removed from {self.directory}"])


def list_cache(directory: str | None = None, keys: Sequence[str] = (), older_than: str | None = None) -> CacheContents:
    """Return what a cache directory holds; nothing is written.

    Stores are filtered to those whose key begins with one of `keys` and that were last used longer ago than
    `older_than`, a text like `30d`. Raises ConfigError for a key that no store has.
    """
    place, every = _find_stores(directory)
    root = place / FEATURES
    return CacheContents(
        place,
        _select(every, keys, older_than, root),
        [(name, holds, *_count_files(place / name)) for name, holds in _OTHERS.items() if (place / name).is_dir()],
        sum(info.bytes for info in every),
        stored.budget_bytes(None, root),
    )


def clear(directory: str | None = None, keys: Sequence[str] = (), older_than: str | None = None) -> ClearedStores:
    """Delete the stores that `list_cache` would return, except those in use."""
    place, every = _find_stores(directory)
    root = place / FEATURES
    chosen = _select(every, keys, older_than, root)
    gone = set(stored.clear(root, [info.key for info in chosen]))
    return ClearedStores(
        place, [info for info in chosen if info.key in gone], [info for info in chosen if info.key not in gone]
    )


def _find_stores(directory: str | None) -> tuple[Path, list[StoreInfo]]:
    if directory is not None and (is_remote(directory) or not path_of_user(directory).is_dir()):
        raise ConfigError(
            f"--directory: there is no local folder {directory}; give a cache directory, as in runtime.cache_directory"
        )
    place = path_of_user(directory) if directory is not None else cache_directory(Runtime())
    require_place(place)
    return place, stored.list_stores(place / FEATURES)


def _select(every: Sequence[StoreInfo], keys: Sequence[str], older_than: str | None, root: Path) -> list[StoreInfo]:
    named = {_with_key(every, key, root).key for key in keys}
    chosen = [info for info in every if not keys or info.key in named]
    if older_than is None:
        return chosen
    try:
        age = datetime.timedelta(seconds=parse_duration(older_than))
        latest = datetime.datetime.now(datetime.UTC) - age
    except OverflowError:
        return []
    return [info for info in chosen if info.used < latest]


def _with_key(every: Sequence[StoreInfo], key: str, root: Path) -> StoreInfo:
    found = [info for info in every if key and info.key.startswith(key.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"{key} begins the keys of {len(found)} stores; give more characters: {_keys(found)}")
    if key in _OTHERS:
        raise ConfigError(
            f"{key} is not a feature store; {root.parent / key} is rebuilt when needed: delete it yourself "
            "while no run uses it"
        )
    there = f"there are {_keys(every)}" if every else "there are none"
    raise ConfigError(f'no stored features in {root} have a key that begins with "{key}"; {there}')


def _keys(found: Sequence[StoreInfo]) -> str:
    return ", ".join(info.key[:12] for info in found)


def _document(info: StoreInfo) -> dict[str, Any]:
    return {
        "key": info.key,
        "about": dict(info.about),
        "rows": info.rows,
        "bytes": info.bytes,
        "created": info.created,
        "used": info.used.isoformat(timespec="seconds"),
        "in_use": info.in_use,
    }


def _count_files(folder: Path) -> tuple[int, int]:
    """Return how many files are in a folder, and their bytes."""
    files = size = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                size += os.lstat(os.path.join(here, name)).st_size
            except FileNotFoundError:
                continue
            files += 1
    return files, size
