"""Folders of the cache directory that are made once, and made again where they are not what was written.

Beside a folder stands its seal: names, sizes and SHA-256 of its files. Without one, a folder is unfinished.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.durable import lacks_operation, write_whole
from kerastune_ft.errors import OUT_OF_SPACE, ConfigError, ResourceError, describe_lack

_PARTIAL = ".partial"
_DIGEST = 64
_ELSEWHERE = "name a folder of a local disk in runtime.cache_directory or the environment variable KERASTUNE_CACHE"


def open_folder(
    target: Path,
    write: Callable[[Path], None],
    report: Callable[[str], None],
    work: str,
    *,
    trusts_times: bool = False,
) -> Path:
    """Return a folder of the cache that holds what `write` puts into it; it is written when there is none.

    Every process compares its files with their SHA-256 the first time it opens it; with `trusts_times`, for folders of
    many files, only those whose time of change is not the one that was recorded. What differs is written again.
    `report` gets a line when something is written, such as "unpacking photos.zip", which `work` is; processes that
    start together wait for one. Raises ResourceError where the disk is full and ConfigError where it cannot be written.
    """
    with explain_cache(target), _wait_for_others(target) as is_alone:
        damage = _find_damage(target, trusts_times)
        if damage is None:
            return target
        if damage:
            report(f"{target} in the cache is damaged ({damage}); it is made again")
        report(f"{work} into the cache, once")
        if is_alone:
            _remove_parts(target)
        _make(target, write)
    return target


def forget_folder(target: Path) -> None:
    """Make `open_folder` write a folder again, since what it was made of may have changed."""
    with explain_cache(target):
        _seal_of(target).unlink(missing_ok=True)


def require_place(directory: Path) -> None:
    """Raise ConfigError where a cache directory cannot be made, since it or what is above it is a file."""
    there = next(place for place in (directory, *directory.absolute().parents) if os.path.exists(place))
    if not there.is_dir():
        raise refuse_place(directory, f"{there} is a file")


def refuse_place(directory: Path, reason: str) -> ConfigError:
    """Return the error for a cache directory that cannot be made."""
    return ConfigError(
        f"runtime.cache_directory: {directory} cannot be made ({reason}); name a folder of a local disk that you may "
        "write to, there or in the environment variable KERASTUNE_CACHE"
    )


@contextlib.contextmanager
def explain_cache(place: Path) -> Iterator[None]:
    """Turn an OSError about a place in the cache directory into an error with a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            raise ResourceError(
                f"{describe_lack(error)} for {place} in the cache: free some, or {_ELSEWHERE}; everything written "
                "before is intact"
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
            why = (error.strerror or str(error)).lower()
            raise ConfigError(f"{place} in the cache cannot be written or read: {why}; {_ELSEWHERE}") from error
        raise


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as .npy, with an OSError that says why where the disk is full, which `numpy.save` loses."""
    rows = np.asarray(array, order="C")
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(rows))
        file.write(rows.reshape(-1).view(np.uint8).data)


@contextlib.contextmanager
def _wait_for_others(target: Path) -> Iterator[bool]:
    """Let one process at a time look at a folder; yields whether it is alone, for which there must be locks."""
    import filelock

    with contextlib.suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(target.with_suffix(".lock"))
    try:
        is_alone = False
        lock.acquire()
        is_alone = True
    except NotImplementedError:
        pass
    except OSError as error:
        # Two processes then write the same at worst; a cache that cannot be written may have what is wanted.
        if not (lacks_operation(error) or error.errno in (errno.EROFS, errno.ENOENT, *OUT_OF_SPACE)):
            raise
    try:
        yield is_alone
    finally:
        lock.release()


def _seal_of(target: Path) -> Path:
    return target.with_suffix(".seal")


def _find_damage(target: Path, trusts_times: bool) -> str | None:
    """Return None for a folder that is what was written, "" where there is none, or what is wrong with it."""
    try:
        content = _seal_of(target).read_bytes()
    except OSError:
        return ""
    digest, sealed = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(sealed).hexdigest().encode() != digest:
        return f"{_seal_of(target).name} was changed"
    files = json.loads(sealed)
    if set(files) != set(_list_files(target)):
        return "files are missing, or others were added"
    changed = (name for name, facts in files.items() if _differs(target / name, facts, trusts_times))
    return next((f"{name} was changed" for name in changed), None)


def _differs(path: Path, facts: dict[str, Any], trusts_times: bool) -> bool:
    try:
        status = path.stat()
        if status.st_size != facts["bytes"]:
            return True
        identity = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
        with _guard:
            if identity in _verified:
                return False
        if not (trusts_times and status.st_mtime_ns == facts["changed"]) and _hash_file(path) != facts["sha256"]:
            return True
    except OSError:
        return True
    with _guard:
        _verified.add(identity)
    return False


# Files that this process has compared with their SHA-256: path, inode, size, time of the last change.
_verified: set[tuple[str, int, int, int]] = set()
_guard = threading.Lock()


def _list_files(folder: Path) -> list[str]:
    return [os.path.relpath(os.path.join(here, name), folder) for here, _, names in os.walk(folder) for name in names]


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _make(target: Path, write: Callable[[Path], None]) -> None:
    partial = _name_part(target)
    try:
        partial.mkdir()
        write(partial)
        files = {name: _describe(partial / name) for name in _list_files(partial)}
        # Without its seal a folder is unfinished; so it goes first and comes last.
        _seal_of(target).unlink(missing_ok=True)
        if target.exists():
            aside = _name_part(target)
            os.replace(target, aside)
            shutil.rmtree(aside, ignore_errors=True)
        os.replace(partial, target)
        sealed = json.dumps(files).encode()
        write_whole(
            target.with_name(f".{target.name}.seal-{secrets.token_hex(4)}"),
            _seal_of(target),
            hashlib.sha256(sealed).hexdigest().encode() + sealed,
        )
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _name_part(target: Path) -> Path:
    return target.with_name(f".{target.name}-{secrets.token_hex(4)}{_PARTIAL}")


def _remove_parts(target: Path) -> None:
    """Delete what processes that were killed have left."""
    for left in target.parent.glob(f".{target.name}-*{_PARTIAL}"):
        shutil.rmtree(left, ignore_errors=True)


def _describe(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {"bytes": status.st_size, "changed": status.st_mtime_ns, "sha256": _hash_file(path)}
