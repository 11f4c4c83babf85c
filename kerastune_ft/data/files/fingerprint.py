"""Facts about files, remembered by (path, size, modification time) so that it is learnt once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kerastune_ft.errors import DataError


class FileRecords:
    """Facts about files in one file of the cache directory; a changed file is an unknown file.

    The first line is the SHA-256 of the others, which are JSON objects.
    """

    def __init__(self, cache_directory: Path, scope: str):
        """Open the records of a scope, such as a data folder with what its files were checked for."""
        name = hashlib.sha256(os.fsencode(scope)).hexdigest()[:32]
        self._path = cache_directory / "files" / f"{name}.jsonl"
        self._records: dict[str, dict[str, Any]] = {}
        self._changed = False
        for record in self._read_records():
            self._records[record["path"]] = record

    def _read_records(self) -> Iterable[dict[str, Any]]:
        """Return the records of the file; none where it is damaged, so that all is learnt again."""
        try:
            digest, _, lines = self._path.read_bytes().partition(b"\n")
            if hashlib.sha256(lines).hexdigest().encode() != digest:
                return []
            # Paths may hold bytes that are no UTF-8; JSON keeps them escaped.
            return [json.loads(line) for line in lines.splitlines()]
        except (OSError, ValueError):
            return []

    def recall(self, path: str, status: os.stat_result) -> dict[str, Any] | None:
        """Return the facts about a file, or None where there are none or the file has changed since."""
        record = self._records.get(path)
        if record is None or record.get("stamp") != stamp(status):
            return None
        if not status.st_mtime_ns:
            # A file system that knows no times does not tell of a change.
            return None
        return record["facts"]

    def remember(self, path: str, status: os.stat_result, facts: dict[str, Any]) -> None:
        """Keep the facts about a file as it was at `status`."""
        self._records[path] = {"path": path, "stamp": stamp(status), "facts": facts}
        self._changed = True

    def save(self) -> None:
        """Write the records, whole or not at all; a reader or a second writer never meets half a file.

        Where that cannot be done, in a cache directory that is shared and read only say, all is learnt again next time.
        """
        if not self._changed:
            return
        partial = self._path.with_suffix(f".{os.getpid()}.partial")
        lines = "".join(json.dumps(record) + "\n" for record in self._records.values()).encode()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(lines).hexdigest().encode() + b"\n" + lines)
            os.replace(partial, self._path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
        self._changed = False


def stamp(status: os.stat_result) -> list[int | None]:
    """Return what changes when a file does: its size, and the times of its content and of its entry.

    Tools that copy files give the content's time back; the entry's they cannot.
    """
    return [status.st_size, status.st_mtime_ns, getattr(status, "st_ctime_ns", None)]


def file_sha256(path: Path, cache_directory: Path) -> str:
    """Return the SHA-256 of one file's content, read again only when the file has changed."""
    try:
        status = path.stat()
        records = FileRecords(cache_directory, str(path.absolute()))
        facts = records.recall(path.name, status)
        if facts is None:
            with path.open("rb") as file:
                facts = {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
            records.remember(path.name, status, facts)
            records.save()
    except OSError as problem:
        raise DataError(f"data.path: {path} cannot be read: {problem.strerror or problem}") from problem
    return facts["sha256"]


def content_identity(*determining: Any) -> str:
    """Return one SHA-256 over all that determines what an example gives, as a content hash and a range of values."""
    return hashlib.sha256(json.dumps(determining).encode()).hexdigest()


def combined_fingerprint(rows: Iterable[tuple[str, ...]]) -> str:
    """Return one SHA-256 over rows such as (key, label, content hash); their order does not matter."""
    digest = hashlib.sha256()
    for row in sorted(rows):
        digest.update(json.dumps(row).encode() + b"\n")
    return digest.hexdigest()
