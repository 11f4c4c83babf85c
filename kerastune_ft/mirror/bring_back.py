"""Finds the copy of a run whose directory is gone, and makes the directory again of what is whole in it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from kerastune_ft.errors import ConfigError
from kerastune_ft.mirror.open_copy import list_names, refuse_use
from kerastune_ft.mirror.record import Link, Record, is_manifest
from kerastune_ft.rundir import MANIFEST, RunDirectory
from kerastune_ft.storage import is_remote, path_of
from kerastune_ft.wording import counted, first_names

# Without these a run cannot go on; the rest is written again.
_NEEDED = ("config.json", "plan.json", "splits.csv")
_CHECKPOINT = "/checkpoint/"


class DamagedCopyError(ConfigError):
    """A copy that lacks what its run would go on with."""


def require_root(root: str) -> None:
    """Raise ConfigError where the folder of `output.mirror` is not there and cannot be made, or cannot be read."""
    try:
        if is_remote(root) or path_of(root).is_dir():
            # Listed, since a mount that is gone may still be there by name.
            next(iter(path_of(root).iterdir()), None) if path_of(root).exists() else None
            return
        if path_of(root).exists():
            raise ConfigError(f"output.mirror: {root} is no folder; name one")
        if not path_of(root).parent.is_dir():
            raise ConfigError(
                f"output.mirror: there is no folder {path_of(root).parent}, so that it is not known whether {root} has "
                "a copy of this run; mount the drive, or make the folder"
            )
    except OSError as error:
        raise ConfigError(
            f"output.mirror: {root} cannot be read ({error.strerror or error}), so that it is not known whether it has "
            "a copy of this run; mount it again, or take output.mirror out"
        ) from error


def find_copy(
    folders: Iterable[Path], config_hash: str, name: str | None, note: Callable[[str], None]
) -> FoundCopy | None:
    """Return the first of some folders with a whole copy of a run of this configuration; None where none has one.

    With `name` only copies of run directories of that name count. Copies that are not whole are noted and passed over.
    Raises TakenError for one that another process writes.
    """
    for folder in folders:
        copy = RunDirectory(folder)
        record = Record.read(copy)
        if record is None or _hash_of(record.manifest) != config_hash or name not in (None, record.directory):
            continue
        refuse_use(copy)
        try:
            return FoundCopy(copy, record)
        except DamagedCopyError as error:
            note(f"output.mirror: {copy} is passed over: {error}")
    return None


def _hash_of(manifest: str) -> str | None:
    try:
        found = json.loads(manifest)
    except ValueError:
        return None
    return found.get("config_hash") if isinstance(found, dict) else None


class FoundCopy:
    """A copy that a run can go on from."""

    def __init__(self, copy: RunDirectory, record: Record) -> None:
        """Reads every file once. Raises DamagedCopyError where one is missing or cut short that a run needs."""
        self.copy, self.record = copy, record
        self._whole: list[str] = []
        lost: list[str] = []
        present = set(list_names(copy))
        for name, hashes in record.files.items():
            if name in present and self._read_whole(name) is not None:
                self._whole.append(name)
            elif name in present or "" not in hashes:
                lost.append(name)
        # The manifest that came last may be cut short, or lost by a drive that takes files later.
        self._manifest = (self._read_whole(MANIFEST) if MANIFEST in self._whole else None) or record.manifest.encode()
        if not self._manifest:
            raise DamagedCopyError(f"{MANIFEST} is missing or not whole in it")
        listed = json.loads(self._manifest).get("files", {})
        needed = [name for name in listed if name in _NEEDED or name.startswith("phases/")]
        if missing := [name for name in needed if name not in self._whole]:
            raise DamagedCopyError(f"{first_names(missing)} is missing or not whole in it")
        lost += self._drop_broken_runs(present)
        self.lost = tuple(name for name in lost if name != MANIFEST)
        """Files that are missing or cut short and that the run writes again, or can go on without."""

    def _drop_broken_runs(self, present: Collection[str]) -> list[str]:
        """Leave out the runs within the run, such as folds, that lack something; return the names of their manifests.

        They begin anew then, for no other part needs them.
        """
        dropped = []
        for folder in sorted({name.rpartition("/")[0] for name in present if is_manifest(name) and name != MANIFEST}):
            content = self._read_whole(f"{folder}/{MANIFEST}") if f"{folder}/{MANIFEST}" in self._whole else None
            listed = [] if content is None else json.loads(content).get("files", {})
            if content is None or any(f"{folder}/{name}" not in self._whole for name in listed):
                self._whole = [name for name in self._whole if not name.startswith(f"{folder}/")]
                dropped.append(f"{folder}/{MANIFEST}")
        return dropped

    def _read_whole(self, name: str) -> bytes | None:
        """Return the content of a file that is whole, else None."""
        try:
            content = self.copy.read_bytes(name)
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() in self.record.files[name] else None

    def bring_back(self, target: Path) -> str:
        """Make the run directory `target` of the copy; return a sentence about it.

        It has its name when it is whole. Raises OSError where one with files is there already.
        """
        place = target if is_remote(target) else target.parent / f".bringing-back-{secrets.token_hex(4)}"
        run = RunDirectory(place)
        size = 0
        try:
            for name in self._in_order():
                content = self._manifest if name == MANIFEST else self._read_whole(name)
                if content is None:
                    raise ConfigError(f"output.mirror: {self.copy.path / name} changed while it was copied; try again")
                run.commit(name, self._mend(content) if name == MANIFEST else content)
                size += len(content)
            Link(self.record.run, self.copy.path.name, self.record.sessions).write(run)
            if place != target:
                os.rename(place, target)
        except BaseException:
            if place != target:
                shutil.rmtree(place, ignore_errors=True)
            raise
        without = f"; without {first_names(self.lost)}, which is not whole there" if self.lost else ""
        return f"copied back from {self.copy}: {counted(len(self._whole), 'file')}, {size / 1e6:.1f} MB{without}"

    def _in_order(self) -> Iterator[str]:
        yield from (name for name in self._whole if name != MANIFEST)
        yield MANIFEST

    def _mend(self, manifest: bytes) -> bytes:
        """Return the manifest; of a finished run that lost results it says that they are to be written again."""
        if not any(_CHECKPOINT not in name for name in self.lost):
            return manifest
        found = json.loads(manifest)
        if found.get("state") == "done":
            found["state"] = "interrupted"
        found["files"] = {name: about for name, about in found["files"].items() if name not in self.lost}
        return (json.dumps(found, indent=1, ensure_ascii=False) + "\n").encode()
