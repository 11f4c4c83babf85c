"""Where an export goes: made in a temporary folder beside its place, and moved there when all checks passed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError, explain_write
from kerastune_ft.rundir import RunDirectory, refuse_inside_run
from kerastune_ft.storage import expand_home, is_remote

DOCUMENT = "export.json"
_OWN = "export"
"""The folder of a run's own exports, which are no files of the run."""
_FULL = "No space left on device"


def choose_place(run: RunDirectory, format_name: str, output: str | os.PathLike[str] | None) -> Path:
    """Return the folder of an export: `output`, else `export/<format>` of the run.

    Raises ConfigError for a place that is not on this machine, or among the files of a run.
    """
    given = run.path / _OWN / format_name if output is None else expand_home(os.fspath(output))
    if is_remote(given):
        raise ConfigError(f"--output: {given} is not on this machine; name a local folder, and copy it")
    if output is not None and not _is_within(Path(given), run.path / _OWN):
        refuse_inside_run(given, "--output")
    return Path(given)


def _is_within(place: Path, folder: Path) -> bool:
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(place)).parents


def identify_run(run: RunDirectory, name: str) -> dict[str, Any]:
    """Return what an export keeps of its run, by which it is known again."""
    manifest = run.manifest() or {}
    return {"name": name, "started": manifest.get("started"), "config_hash": manifest.get("config_hash")}


def refuse_other(place: Path, identity: dict[str, Any]) -> None:
    """Raise ConfigError for a place that has something in it other than an export of the same run."""
    if place.is_dir() and not any(place.iterdir()):
        return
    if not os.path.lexists(place):
        return
    found = read_identity(place)
    if found is None:
        raise ConfigError(f"--output: {place} is there and is no export, so it is not replaced; name another folder")
    if found != identity:
        raise ConfigError(
            f"--output: {place} is an export of another run ({found.get('name')}, begun {found.get('started')}), so it "
            "is not replaced; name another folder"
        )


def read_identity(place: Path) -> dict[str, Any] | None:
    """Return what an export says of its run; None for anything that is no export."""
    try:
        found = json.loads((place / DOCUMENT).read_text("utf-8"))["run"]
        return found if isinstance(found, dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def make_folder(place: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the name of `place` at the end; where that is not reached nothing is left.

    What was at `place` stays until then. Raises ConfigError where it cannot be written to, ResourceError where the disk
    is full.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise explain_write(place, error) from error
    try:
        # Others may read it, as they may any other folder that this user makes.
        made.chmod(0o777 & ~_read_umask())
        yield made
        _replace(made, place)
    except OSError as error:
        raise explain_write(place, error) from error
    except Exception as error:
        if _FULL in str(error):
            # TensorFlow writes files itself, and has errors of its own.
            raise explain_write(place, OSError(errno.ENOSPC, _FULL)) from error
        raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _replace(made: Path, place: Path) -> None:
    if not place.exists():
        made.rename(place)
        return
    before = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    place.rename(before / place.name)
    made.rename(place)
    shutil.rmtree(before, ignore_errors=True)


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
