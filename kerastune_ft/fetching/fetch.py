"""Everything that a configuration needs, and the command that runs it without a network."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import DataError, explain_write
from kerastune_ft.fetching.backbones import fetch_backbone
from kerastune_ft.fetching.data import fetch_data
from kerastune_ft.fetching.lock_file import Fetched, LockFile
from kerastune_ft.fetching.places import choose_folders, list_caches, write_script
from kerastune_ft.fetching.wheels import gather_wheels
from kerastune_ft.storage import path_of_user
from kerastune_ft.streams import say
from kerastune_ft.wording import counted

_LOCK = "fetched.json"


@dataclass(frozen=True)
class Gathered:
    """What was gathered: files with checksums, and the commands that follow."""

    lock: Path
    files: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, str]
    script: Path | None
    next: str
    install: str = ""
    overrides: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "lock": str(self.lock),
            "files": dict(self.files),
            "variables": dict(self.variables),
            "script": str(self.script) if self.script else None,
            "overrides": dict(self.overrides),
            "install": self.install or None,
            "next": self.next,
        }

    def __str__(self) -> str:
        by_source: dict[str, list[int]] = {}
        for entry in self.files.values():
            by_source.setdefault(entry["source"], []).append(entry["bytes"])
        lines = [
            f"{source}: {counted(len(sizes), 'file')}, {size_text(sum(sizes))}" for source, sizes in by_source.items()
        ] or ["nothing is needed from a network: data and weights are in the package or on this machine"]
        if self.files:
            lines.append(f"checksums: {self.lock}")
        if self.install:
            lines.append(f"install without a network: {self.install}")
        return "\n".join([*lines, f"next: {self.next}"])


def fetch(
    config: str, overrides: Sequence[str] = (), *, output: str | None = None, wheels: str | None = None
) -> Gathered:
    """Gather the weights, the preset and the data of a configuration, and with `wheels` those of this installation.

    They go to the caches of this user, or below `output`, a folder that can be copied. What is there already is
    compared with the checksums of the last time, and what is damaged is fetched again.
    """
    settings = read(config, overrides)
    folder = path_of_user(output) if output is not None else None
    variables = choose_folders(folder) if folder is not None else {}
    lock = LockFile(folder / _LOCK if folder is not None else Path.cwd() / f"{settings.name}.{_LOCK}")
    _remove_damaged(lock, [getattr(settings.data, "data_dir", None), wheels])
    fetched, found = _gather(settings, folder)
    install = ""
    if wheels is not None:
        made, install = gather_wheels(path_of_user(wheels).absolute(), say)
        fetched += made
    files = lock.add(fetched) if fetched else {}
    script = _write_script(folder) if folder is not None else None
    return Gathered(lock.path, files, variables, script, _name_next(config, [*overrides, *found], script), install, {
        path: value for path, _, value in (each.partition("=") for each in found)
    })  # fmt: skip


def _gather(settings: RunConfig, folder: Path | None) -> tuple[list[Fetched], list[str]]:
    fetched = list(fetch_backbone(settings.backbone, say))
    overrides: dict[str, str] = {}
    for each, changes in fetch_data(settings.data, folder, say):
        fetched.append(each)
        overrides |= changes
    return fetched, [f"{path}={value}" for path, value in overrides.items()]


def _remove_damaged(lock: LockFile, more: Sequence[str | None]) -> None:
    """Delete fetched files that are not what they were, so that they are fetched again.

    A list may come from elsewhere, and what it names may be anything: only what lies beside it, in a cache, or in one
    of `more` folders is deleted. Raises DataError for another.
    """
    if not (damage := lock.find_damage()):
        return
    here = lock.path.absolute().parent
    folders = [*list_caches(), *(path_of_user(each) for each in more if each)]
    folders += [here] if lock.path.name == _LOCK else []
    own = [each.resolve() for each in folders]
    for name, why in damage.items():
        path = here / name
        if path.exists() and not any(path.resolve().is_relative_to(folder) for folder in own):
            raise DataError(
                f"{lock.path} lists {path}, which is not what it was ({why}) and lies in none of the places of fetched "
                "files, so it is left alone; delete it to have it fetched again, or delete the list"
            )
        say(f"{name}: {why}; it is fetched again")
        # The hub of Hugging Face keeps links to its files.
        for each in (path.resolve(), path):
            try:
                each.unlink(missing_ok=True)
            except OSError as error:
                raise DataError(f"{each} is damaged and cannot be deleted ({error.strerror}); delete it") from error


def _write_script(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write_script(folder)
    except OSError as error:
        raise explain_write(folder, error) from error


def _name_next(config: str, overrides: Sequence[str], script: Path | None) -> str:
    words = ["python", "-m", "kerastune_ft", "run", config]
    words += [word for override in overrides for word in ("--set", override)]
    command = shlex.join(words)
    return f"source {shlex.quote(str(script))} && {command}" if script else command
