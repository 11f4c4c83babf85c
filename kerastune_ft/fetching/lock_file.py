"""The list of what was fetched: sizes and SHA-256 by path, in a file beside it; read again at the next fetch."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from kerastune_ft.durable import write_whole
from kerastune_ft.errors import DataError, explain_write
from kerastune_ft.fetching.download import hash_file
from kerastune_ft.rundir import now

_VERSION = 1


@dataclass(frozen=True)
class Fetched:
    """A file that was fetched, and where from: an address, or the name of what it belongs to."""

    path: Path
    source: str


class LockFile:
    """The list of fetched files; paths below its own folder are relative, so that the folder may be copied."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folder = path.absolute().parent

    def read(self) -> dict[str, Any]:
        """Return what is written; an empty list where there is none. Raises DataError for a damaged file."""
        if not self.path.is_file():
            return {"version": _VERSION, "files": {}}
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
            if not isinstance(document["files"], dict):
                raise ValueError("files is no object")
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{self.path} is no list of fetched files ({error}); delete it and fetch again") from error
        return dict(document)

    def add(self, fetched: Iterable[Fetched]) -> Mapping[str, Mapping[str, Any]]:
        """Write files down, beside those of earlier fetches, and return the entries of these by path."""
        made = {self._name(each.path): _describe(each) for each in fetched}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.path.with_name(f".{self.path.name}.lock")):
                document = self.read()
                document |= {"updated": now(), "files": dict(sorted({**document["files"], **made}.items()))}
                partial = self.path.with_name(f".{self.path.name}-{secrets.token_hex(4)}")
                write_whole(partial, self.path, (json.dumps(document, indent=2) + "\n").encode())
        except OSError as error:
            raise explain_write(self.path, error) from error
        return made

    def find_damage(self) -> dict[str, str]:
        """Return what is wrong with the files that are written down, by path; empty where all are as they were."""
        found = {}
        for name, entry in self.read()["files"].items():
            path = self._folder / name
            if not path.is_file():
                found[name] = "it is missing"
            elif path.stat().st_size != entry["bytes"]:
                found[name] = f"it has {path.stat().st_size:,} bytes, and had {entry['bytes']:,}"
            elif hash_file(path) != entry["sha256"]:
                found[name] = "its SHA-256 is another"
        return found

    def _name(self, path: Path) -> str:
        place = path.absolute()
        return os.path.relpath(place, self._folder) if place.is_relative_to(self._folder) else str(place)


def _describe(fetched: Fetched) -> dict[str, Any]:
    return {
        "bytes": fetched.path.stat().st_size,
        "sha256": hash_file(fetched.path),
        "source": fetched.source,
    }
