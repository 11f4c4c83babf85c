"""Where an export goes: made in a temporary folder beside its place, and moved there when all checks passed."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.errors import OUT_OF_SPACE, ConfigError, explain_write
from kerastune_ft.rundir import RunDirectory, refuse_inside_run
from kerastune_ft.storage import expand_home, is_remote
from kerastune_ft.wording import first_names

DOCUMENT = "export.json"
_OWN = "export"
"""The folder of a run's own exports, which are no files of the run."""
_COMPILED = "__pycache__"
_PARTIAL = ".partial-"
_FULL = "No space left on device"


def choose_place(run: RunDirectory, format_name: str, output: str | os.PathLike[str] | None) -> Path:
    """Return the folder of an export: `output`, else `export/<format>` of the run.

    Raises ConfigError for a place that is not on this machine, has no name, or is among the files of a run.
    """
    given = run.path / _OWN / format_name if output is None else expand_home(os.fspath(output))
    if is_remote(given):
        raise ConfigError(f"--output: {given} is not on this machine; name a local folder, and copy it")
    if Path(given).name in ("", ".."):
        raise ConfigError(f"--output: {given} cannot be made beside its place, as an export is; name a folder in it")
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
    """Raise ConfigError for a place that has something in it other than an export of the same run, as it was made."""
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
    made = _read_part(place, "files") or {}
    if own := [name for name, size in list_sizes(place).items() if made.get(name) != size]:
        raise ConfigError(
            f"--output: {place} has {first_names(own, 4)}, which no export wrote so, and it would be lost; move it "
            "away, or name another folder"
        )


def read_identity(place: Path) -> dict[str, Any] | None:
    """Return what an export says of its run; None for anything that is no export."""
    return _read_part(place, "run")


def list_sizes(folder: Path, left_out: Sequence[str] = ()) -> dict[str, int]:
    """Return the bytes of each file of an export by its path, without some folders.

    Neither export.json counts nor what Python compiles of predict.py.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file() and path.parent.name != _COMPILED)
    sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in found}
    return {name: size for name, size in sizes.items() if name.partition("/")[0] not in (DOCUMENT, *left_out)}


def _read_part(place: Path, key: str) -> dict[str, Any] | None:
    try:
        found = json.loads((place / DOCUMENT).read_text("utf-8"))[key]
        return found if isinstance(found, dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def make_folder(place: Path) -> Iterator[Path]:
    """Give a temporary folder that takes the name of `place` at the end; where that is not reached nothing is left.

    What was at `place` stays until then; what processes left that were killed goes first. Raises ConfigError where it
    cannot be written to, ResourceError where the disk is full.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(place)
        made, lock = _make_partial(place)
    except OSError as error:
        raise explain_write(place, error) from error
    try:
        # Others may read it, as they may any other folder that this user makes.
        made.chmod(0o777 & ~_read_umask())
        yield made
        _replace(made, place)
    except OSError as error:
        if not _is_of(error, made):
            raise
        raise explain_write(place, error) from error
    except Exception as error:
        if _FULL in str(error):
            # TensorFlow writes files itself, and has errors of its own.
            raise explain_write(place, OSError(errno.ENOSPC, _FULL)) from error
        raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(lock)


def _make_partial(place: Path) -> tuple[Path, int]:
    """Return a new folder beside a place, and the descriptor that holds its lock until the process ends, killed too."""
    while True:
        made = Path(tempfile.mkdtemp(prefix=f"{_PARTIAL}{place.name}-", dir=place.parent))
        descriptor = os.open(made, os.O_RDONLY)
        # Where there are no locks, nothing is taken for abandoned.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another process may have taken it for abandoned before it was locked.
        if made.exists():
            return made, descriptor
        os.close(descriptor)


def _remove_abandoned(place: Path) -> None:
    """Remove what exports to this place left that were killed: each is as large as a model."""
    for folder in place.parent.glob(f"{_PARTIAL}{glob.escape(place.name)}-*"):
        # Killed between two renames, it has the only export there is.
        if (folder / place.name).exists() and not place.exists():
            continue
        with contextlib.suppress(OSError), _opening(folder) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _opening(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _replace(made: Path, place: Path) -> None:
    if not place.exists():
        made.rename(place)
        return
    before, lock = _make_partial(place)
    place.rename(before / place.name)
    try:
        made.rename(place)
    except OSError:
        (before / place.name).rename(place)
        raise
    finally:
        shutil.rmtree(before, ignore_errors=True)
        os.close(lock)


def _is_of(error: OSError, folder: Path) -> bool:
    """Tell whether an error is of a folder that is written, and not of a file that was to be read elsewhere."""
    return error.errno in OUT_OF_SPACE or error.filename is None or str(folder) in os.fsdecode(error.filename)


def _read_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
