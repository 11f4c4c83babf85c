"""Choosing the run directory of a command that names none: one to go on with, one to take up, or a new one."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kerastune_ft import storage
from kerastune_ft.config.options.data import FolderData, Named
from kerastune_ft.config.options.runtime import cache_directory
from kerastune_ft.config.options.task_facts import LabelKind, facts
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError, KerasTuneError
from kerastune_ft.mirror.record import LINK
from kerastune_ft.run_logs import EVENT_FILES
from kerastune_ft.rundir import MANIFEST, OWNER, RunDirectory, is_held, refuse_inside_run, unusable
from kerastune_ft.storage import expand_home, path_of
from kerastune_ft.stores.cached_folder import require_place

_BEFORE_STEPS = ("config.json", "plan.json", "splits.csv", "events.jsonl", MANIFEST)
"""What a run writes before its first step, besides its log."""
_ENDED = ("running", "interrupted", "failed")
"""The states of runs that are not done; that of a killed process goes on saying `running`."""
_FOLDERS = ("report", EVENT_FILES)
LOG = "log.txt"
"""What stays of a run that another takes the place of."""
_BESIDE = (LOG, ".lock", OWNER, LINK)
TAKEN_UP = "new; in the place of one that ended before its first step"


_FOLDERS_READ: Mapping[LabelKind, Callable[[FolderData], set[str]]] = {
    "mask": lambda data: {(data.input or "images").split("/")[-1], (data.label or "masks").split("/")[0]}
}
"""For kinds of labels that are read from folders of certain names alone, those names."""


def refuse_inside_data(
    settings: RunConfig, place: str | os.PathLike[str], key: str, may_be_beside: bool = True
) -> None:
    """Raise ConfigError for a place inside a folder of data, where later readings would take it for data.

    `key` is where the user named the place. Places in hidden folders do no harm, nor those beside the folders that are
    read, which later readings mention; `may_be_beside` tells whether these are allowed.
    """
    data = settings.data
    if not isinstance(data, FolderData):
        return
    root, there = storage.real(data.path), storage.real(expand_home(place))
    if there != root and not there.startswith(f"{root.rstrip('/')}/"):
        return
    parts = [part for part in storage.relative(there, root).split("/") if part != "."]
    names = _FOLDERS_READ.get(facts(settings.task).labels, _name_splits)(data)
    is_beside = may_be_beside and bool(names) and not names & set(parts)
    if is_beside or any(part.startswith(".") for part in parts) or not path_of(root).is_dir():
        return
    raise ConfigError(
        f"{key}: {os.fspath(place)} lies in the data, {data.path}, where it would be taken for a part of it; name a "
        "place outside"
    )


def check_places(settings: RunConfig, run_dir: str | os.PathLike[str] | None = None) -> None:
    """Raise ConfigError for a run directory or a cache in a folder of data, and for a cache that cannot be made."""
    refuse_inside_data(settings, run_dir or settings.output.directory, "--run-dir" if run_dir else "output.directory")
    _check_mirror(settings, run_dir)
    cache = cache_directory(settings.runtime)
    refuse_inside_data(settings, cache, "runtime.cache_directory")
    require_place(cache)


def _check_mirror(settings: RunConfig, run_dir: str | os.PathLike[str] | None) -> None:
    """Raise ConfigError for a mirror that is the place of the runs, in a run or in the data."""
    mirror = settings.output.mirror
    if mirror is None:
        return
    # Of a file below which it would lie another mount may take the place.
    if os.path.isfile(expand_home(mirror)):
        raise ConfigError(f"output.mirror: {mirror} is a file, where no run can be copied to; name a folder")
    refuse_inside_data(settings, mirror, "output.mirror", may_be_beside=False)
    refuse_inside_run(expand_home(mirror), "output.mirror")
    there, given = storage.real(expand_home(mirror)), run_dir or settings.output.directory
    place = storage.real(expand_home(given))
    if run_dir is not None and (there == place or there.startswith(f"{place}/")):
        raise ConfigError(f"output.mirror: {mirror} is the run directory or in it; name a folder on another disk")
    if there == (place if run_dir is None else place.rpartition("/")[0]):
        raise ConfigError(
            f"output.mirror: {mirror} is the folder of the runs themselves, where a copy would be the run; name a "
            "folder on another disk"
        )


def _name_splits(data: FolderData) -> set[str]:
    """Return the folders of the splits that the user names; nothing where every folder is looked into."""
    splits = data.splits
    named = (splits.train, splits.validation, splits.test) if isinstance(splits, Named) else ()
    return {name.split("/")[0] for name in named if name is not None}


def list_runs(directory: str | os.PathLike[str], name: str) -> list[Path]:
    """Return the run directories `<directory>/<name>-<n>`, oldest first."""
    folder = path_of(directory)
    if not folder.is_dir():
        return []
    pattern = re.compile(rf"{re.escape(name)}-(\d+)")
    found = [(int(match[1]), entry) for entry in folder.iterdir() if (match := pattern.fullmatch(entry.name))]
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def choose(
    directory: str | os.PathLike[str],
    name: str,
    config_hash: str,
    fresh: bool,
    take_up: bool = True,
    mirror: str | None = None,
) -> tuple[RunDirectory, str]:
    """Return the run directory for a configuration, and why it was chosen.

    This is the newest run with the same configuration unless `fresh`; otherwise the newest of all where that ended
    before its first step, unless `take_up` is False; otherwise a new one with the next number, here and in `mirror`.
    """
    runs = list_runs(directory, name)
    if not fresh:
        if found := find_run(runs, config_hash):
            return found, explain_return(found, config_hash)
        if runs and take_up and is_unbegun(RunDirectory(runs[-1])):
            return RunDirectory(runs[-1]), TAKEN_UP
    number = max(_last_number(runs), _last_number_of(mirror, name)) + 1
    while True:
        path = path_of(directory) / f"{name}-{number}"
        try:
            path.mkdir(parents=True, exist_ok=False)
        except OSError as error:
            if not path.parent.is_dir() or not isinstance(error, FileExistsError):
                raise unusable(path, error) from error
            number += 1
            continue
        return RunDirectory(path), "new"


def explain_return(run: RunDirectory, config_hash: str) -> str:
    """Return why a command with a configuration works in a run that was begun before."""
    manifest = run.manifest() or {}
    is_done = manifest.get("state") == "done" and manifest.get("config_hash") == config_hash
    return "finished; its results are written again" if is_done else "continues where it stopped"


def find_run(runs: Sequence[Path], config_hash: str) -> RunDirectory | None:
    """Return the newest of some runs, which are given oldest first, that has a configuration; None where none has."""
    for path in reversed(runs):
        run = RunDirectory(path)
        # A damaged run must not prevent a new one.
        with contextlib.suppress(ConfigError):
            if (run.manifest() or {}).get("config_hash") == config_hash:
                return run
    return None


def _last_number(runs: Sequence[Path]) -> int:
    return int(runs[-1].name.rpartition("-")[2]) if runs else 0


def _last_number_of(mirror: str | None, name: str) -> int:
    # One that cannot be read now is said to be so by what copies to it.
    with contextlib.suppress(OSError, KerasTuneError):
        return _last_number(list_runs(mirror, name)) if mirror is not None else 0
    return 0


def is_unbegun(run: RunDirectory) -> bool:
    """Return whether a run ended before its first step and no process works in it."""
    try:
        return has_no_step(run) and not is_held(run)
    except (ConfigError, OSError):
        return False


def has_no_step(run: RunDirectory) -> bool:
    """Return whether a run was begun and holds nothing yet that a step made."""
    manifest = run.manifest()
    # A directory that was just made has none.
    if not manifest or manifest.get("state") not in _ENDED:
        return False
    return set(run.list_files("")) <= {*_BEFORE_STEPS, *_BESIDE, *_FOLDERS}


def has_failed(run: RunDirectory) -> bool:
    """Return whether a run ended with an error, and not by a signal or a killed process."""
    return (run.manifest() or {}).get("state") == "failed"


def clear(run: RunDirectory) -> None:
    """Remove what a run wrote before its first step, all but its log."""
    event_files = [f"{EVENT_FILES}/{name}" for name in run.list_files(EVENT_FILES)]
    for name in (*_BEFORE_STEPS, "report/index.html", *event_files):
        run.remove(name)
