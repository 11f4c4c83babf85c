"""Where a run meets its mirror: it is brought back before a run directory is chosen, and copied while it trains."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import KerasTuneError
from kerastune_ft.mirror.bring_back import find_copy, require_root
from kerastune_ft.mirror.copier import Copier
from kerastune_ft.rundir import RunDirectory, now, unusable
from kerastune_ft.storage import expand_home, path_of
from kerastune_ft.streams import say
from kerastune_ft.training.run_directory.run_choice import find_run, list_runs


def bring_back(settings: RunConfig, root: str, config_hash: str, run_dir: str | os.PathLike[str] | None) -> None:
    """Make the run directory again of its copy in the mirror `root`, and say so.

    Nothing is done where a run of this configuration is here or the mirror has none. Raises ConfigError where the
    mirror cannot be read, since a run that is there would begin anew unnoticed, and for a copy that another process
    writes.
    """
    if _is_here(settings, config_hash, run_dir):
        return
    require_root(root)
    own = None if run_dir is None else Path(expand_home(run_dir)).name
    # Of a drive that was mounted anew, names such as `x-1 (1)` are no runs.
    folders = list_runs(root, settings.name)[::-1] if own is None else _list_folders(root)
    found = find_copy(folders, config_hash, own, say)
    if found is None:
        return
    target = path_of(expand_home(run_dir)) if run_dir is not None else _choose_place(settings, found.record.directory)
    try:
        say(f"run {target} is not here: {found.bring_back(target)}")
    except OSError as error:
        raise unusable(target, error) from error


def _is_here(settings: RunConfig, config_hash: str, run_dir: str | os.PathLike[str] | None) -> bool:
    if run_dir is not None:
        place = RunDirectory(expand_home(run_dir)).path
        return place.exists() and any(not entry.name.startswith(".") for entry in place.iterdir())
    return find_run(list_runs(settings.output.directory, settings.name), config_hash) is not None


def _list_folders(root: str) -> list[Path]:
    return sorted(path_of(root).iterdir(), reverse=True) if path_of(root).exists() else []


def _choose_place(settings: RunConfig, name: str) -> Path:
    """Return the run directory of a copy: that it had, or where another run has taken the name, the next number."""
    directory = path_of(settings.output.directory)
    if not (directory / name).exists():
        return directory / name
    numbers = [int(path.name.rpartition("-")[2]) for path in list_runs(directory, settings.name)]
    return directory / f"{settings.name}-{max(numbers, default=0) + 1}"


def copy_beside(run: RunDirectory, root: str, held: contextlib.ExitStack) -> None:
    """Copy a run to the folder `root` from now on, until `held` is closed, which waits for the last copy.

    Raises ConfigError where the copy belongs to another process or is further than the run.
    """
    held.callback(Copier(run, root, _speak_for(run)).close)


def _speak_for(run: RunDirectory) -> Callable[[str], None]:
    def speak(text: str) -> None:
        say(text)
        with contextlib.suppress(OSError, KerasTuneError):
            run.append("log.txt", f"{now()} {text}")

    return speak
