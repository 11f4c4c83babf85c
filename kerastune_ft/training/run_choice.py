"""Choosing the run directory of a command that names none: one to go on with, one to take up, or a new one."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import MANIFEST, OWNER, RunDirectory, is_held, unusable
from kerastune_ft.storage import path_of

_BEFORE_STEPS = ("config.json", "plan.json", "splits.csv", "events.jsonl", MANIFEST)
"""What a run writes before its first step, besides its log."""
_ENDED = ("running", "interrupted", "failed")
"""The states of runs that are not done; that of a killed process goes on saying `running`."""
_FOLDERS = ("report",)
LOG = "log.txt"
"""What stays of a run that another takes the place of."""
_BESIDE = (LOG, ".lock", OWNER)
TAKEN_UP = "new; in the place of one that ended before its first step"


def list_runs(directory: str | os.PathLike[str], name: str) -> list[Path]:
    """Return the run directories `<directory>/<name>-<n>`, oldest first."""
    folder = path_of(directory)
    if not folder.is_dir():
        return []
    pattern = re.compile(rf"{re.escape(name)}-(\d+)")
    found = [(int(match[1]), entry) for entry in folder.iterdir() if (match := pattern.fullmatch(entry.name))]
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def choose(
    directory: str | os.PathLike[str], name: str, config_hash: str, fresh: bool, take_up: bool = True
) -> tuple[RunDirectory, str]:
    """Return the run directory for a configuration, and why it was chosen.

    This is the newest run with the same configuration unless `fresh`; otherwise the newest of all where that ended
    before its first step, unless `take_up` is False; otherwise a new one with the next number.
    """
    runs = list_runs(directory, name)
    if not fresh:
        for path in reversed(runs):
            run = RunDirectory(path)
            # A damaged run must not prevent a new one.
            manifest = None
            with contextlib.suppress(ConfigError):
                manifest = run.manifest()
            if manifest and manifest.get("config_hash") == config_hash:
                done = manifest.get("state") == "done"
                return run, "finished; its results are written again" if done else "continues where it stopped"
        if runs and take_up and is_unbegun(RunDirectory(runs[-1])):
            return RunDirectory(runs[-1]), TAKEN_UP
    number = int(runs[-1].name.rpartition("-")[2]) + 1 if runs else 1
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
    for name in (*_BEFORE_STEPS, "report/index.html"):
        run.remove(name)
