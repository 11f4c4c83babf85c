"""The record of a store: the key that names its folder, and the file store.json beside its rows."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.wording import encode_text

# A new number makes all stores of earlier versions unusable.
FORMAT = 1
RECORD = "store.json"
USED = "used"
SHARDS = "shards"
CLAIMS = "claims"
# The folder of all stores in a cache directory.
FEATURES = "features"
_KEY_LENGTH = 32


def key_of(parts: Mapping[str, Any], row_bytes: int) -> str:
    """Return the key of a store: the SHA-256 of the canonical JSON of everything its rows depend on."""
    canonical = json.dumps([FORMAT, parts, row_bytes], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def folder_of(root: Path, key: str) -> Path:
    """Return the folder of the store with a key."""
    return root / key[:_KEY_LENGTH]


def is_store(folder: Path) -> bool:
    """Return whether a folder is a store, by its name and its sub-folder of shards."""
    is_key = len(folder.name) == _KEY_LENGTH and not set(folder.name) - set("0123456789abcdef")
    return is_key and (folder / SHARDS).is_dir()


def write_record(folder: Path, parts: Mapping[str, Any], row_bytes: int, about: Mapping[str, Any]) -> None:
    """Write the record of a new store."""
    record = {"format": FORMAT, "created": now(), "row_bytes": row_bytes, "about": about, "parts": parts}
    partial = folder / f"{RECORD}.{secrets.token_hex(8)}"
    try:
        partial.write_bytes(encode_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n"))
        os.replace(partial, folder / RECORD)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def read_record(folder: Path) -> dict[str, Any]:
    """Return the record of a store, or {} if it is damaged; its rows do not depend on it."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
