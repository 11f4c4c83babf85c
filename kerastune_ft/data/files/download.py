"""Files that must be local to be read at random, such as archives: fetched once from where a URI says they are."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from kerastune_ft.data.source import Report
from kerastune_ft.errors import DataError
from kerastune_ft.remote import download
from kerastune_ft.storage import is_remote
from kerastune_ft.stores.cached_folder import forget_folder, open_folder

_WHOLE = (".npz", ".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz")


def fetch_to_cache(path: Path, cache_directory: Path, report: Report) -> Path:
    """Return a local copy of an archive or .npz file that a URI names, as it is now; any other path as it is."""
    if not is_remote(path) or not path.name.lower().endswith(_WHOLE) or not path.is_file():
        return path
    status = path.stat()
    version = hashlib.sha256(f"{path} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:32]
    folder = cache_directory / "fetched" / version
    if not status.st_mtime_ns:
        # A file system that knows no times does not tell whether the file is still the same.
        forget_folder(folder)
    return open_folder(folder, lambda made: _fetch(path, made / path.name), report, f"fetching {path}") / path.name


def _fetch(path: Path, target: Path) -> None:
    try:
        download(os.fspath(path), target)
    except FileNotFoundError as problem:
        raise DataError(f"data.path: {path} is not there any more") from problem
