"""What says which copy belongs to which run, and which of its files are whole: hidden JSON files in both of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import MANIFEST, RunDirectory

LINK = ".mirror.json"
# Written in turn, so that one is whole where writing the other was cut short.
_RECORDS = (".mirror-0.json", ".mirror-1.json")
_SESSIONS_KEPT = 100


def is_manifest(name: str) -> bool:
    """Return whether a name, with or without folders, is that of the manifest of a run, or of a run within one."""
    return name == MANIFEST or name.endswith(f"/{MANIFEST}")


@dataclass
class Record:
    """The record in a copy."""

    run: str
    """A word that this run alone has."""
    directory: str
    """The name of the run directory."""
    sessions: list[str] = field(default_factory=list)
    """A word for each process that wrote the copy, the first first."""
    files: dict[str, list[str]] = field(default_factory=dict)
    """By name the SHA-256 that a whole file has: one, or those before and after a write that may have been cut short.

    Before a first write it is empty.
    """
    manifest: str = ""
    """The manifest of the run when all files were last whole."""
    number: int = 0
    """How often the record was written."""

    def write(self, copy: RunDirectory) -> None:
        """Write the record into a copy."""
        number = self.number + 1
        _write(copy, _RECORDS[number % 2], {**vars(self), "number": number})
        # Only now, so that the next try does not touch the one that is whole.
        self.number = number

    @classmethod
    def read(cls, copy: RunDirectory) -> Record | None:
        """Return the newest record of a copy that is whole; None where none is."""
        found = [record for name in _RECORDS if (record := cls._from_json(_read_json(copy, name)))]
        return max(found, key=lambda record: record.number, default=None)

    @classmethod
    def _from_json(cls, found: Any) -> Record | None:
        try:
            files = {str(name): [str(one) for one in hashes] for name, hashes in found["files"].items()}
            sessions = [str(one) for one in found["sessions"]]
            manifest, number = str(found["manifest"]), int(found["number"])
            return cls(str(found["run"]), str(found["directory"]), sessions, files, manifest, number)
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


@dataclass
class Link:
    """What a run directory knows of its copy."""

    run: str = field(default_factory=lambda: secrets.token_hex(8))
    """A word that this run alone has."""
    folder: str = ""
    """The name of the copy in the mirror; empty before there is one."""
    sessions: list[str] = field(default_factory=list)
    """A word for each process that wrote the copy, the first first."""

    def begin_session(self, run: RunDirectory, folder: str) -> None:
        """Note in the run directory that this process is about to write the copy of that name."""
        self.folder = folder
        self.sessions = [*self.sessions, secrets.token_hex(8)][-_SESSIONS_KEPT:]
        self.write(run)

    def write(self, run: RunDirectory) -> None:
        """Write the link into the run directory."""
        _write(run, LINK, vars(self))

    @classmethod
    def read(cls, run: RunDirectory) -> Link | None:
        """Return the link of a run directory; None where there is none that can be read."""
        try:
            found = _read_json(run, LINK)
            return cls(str(found["run"]), str(found["folder"]), [str(one) for one in found["sessions"]])
        except (KeyError, TypeError):
            return None


def _write(place: RunDirectory, name: str, content: Mapping[str, Any]) -> None:
    place.commit(name, json.dumps(content, ensure_ascii=False) + "\n")


def _read_json(place: RunDirectory, name: str) -> Any:
    try:
        return place.read_json(name)
    except (FileNotFoundError, ConfigError):
        return None
