"""The wheels of this installation, in a folder that pip installs from without a network."""

from __future__ import annotations

import importlib.metadata
import json
import shlex
import subprocess
import sys
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from kerastune_ft.errors import ConfigError, explain_write
from kerastune_ft.fetching.download import Report
from kerastune_ft.fetching.lock_file import Fetched
from kerastune_ft.training.requirements import PACKAGE, find_lacks_of, list_extras, list_requirements, walk_requirements

LIST = "requirements.txt"
# Where a package was built or unpacked from files of this machine.
_ORIGIN = "direct_url.json"


@dataclass(frozen=True)
class Installation:
    """What is installed here of kerastune_ft: its requirements with their versions, and the extras that are whole."""

    pins: Sequence[str]
    """As `name==version`, all that this package and its extras need."""
    extras: Sequence[str]

    @property
    def package(self) -> str:
        """Return this package with its extras, as pip takes it."""
        return f"{PACKAGE}[{','.join(self.extras)}]" if self.extras else PACKAGE


def describe_installation() -> Installation:
    """Return what is installed here. Raises ConfigError where kerastune_ft is imported from a folder alone."""
    try:
        extras = [
            extra for extra in list_extras() if list(list_requirements(PACKAGE, extra)) and not find_lacks_of(extra)
        ]
        first = [*list_requirements(PACKAGE)]
    except importlib.metadata.PackageNotFoundError as error:
        raise ConfigError("--wheels: kerastune_ft was not installed here: python -m pip install -e FOLDER") from error
    first += [requirement for extra in extras for requirement in list_requirements(PACKAGE, extra)]
    pins = {}
    for requirement, _ in walk_requirements(first):
        try:
            pins[canonicalize_name(requirement.name)] = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Installation([f"{name}=={version}" for name, version in sorted(pins.items())], extras)


def gather_wheels(folder: Path, report: Report) -> tuple[list[Fetched], str]:
    """Bring the wheels of this installation into a folder; return them and the command that installs from them.

    Raises ConfigError where pip cannot bring one.
    """
    installation = describe_installation()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LIST).write_text("\n".join([*installation.pins, ""]))
    except OSError as error:
        raise explain_write(folder, error) from error
    report(f"wheels: {len(installation.pins)} packages as they are installed here")
    _run_pip("download", "--no-deps", "--dest", str(folder), "--requirement", str(folder / LIST))
    _bring_own_wheel(folder, report)
    fetched = [Fetched(path, "pip") for path in sorted(folder.iterdir()) if path.suffix in (".whl", ".gz", ".zip")]
    place, pins = shlex.quote(str(folder)), shlex.quote(str(folder / LIST))
    return fetched, (
        f'python -m pip install --no-index --find-links {place} --requirement {pins} "{installation.package}"'
    )


def _bring_own_wheel(folder: Path, report: Report) -> None:
    origin = find_origin()
    if origin is None or not origin.exists():
        report(
            f"the wheel of {PACKAGE} itself cannot be made, since what it was installed from is gone; build one in its "
            f"folder: python -m pip wheel --no-deps --wheel-dir {folder} ."
        )
        return
    _run_pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(origin))


def find_origin() -> Path | None:
    """Return the folder or the file of this machine that kerastune_ft was installed from; None for an index."""
    text = importlib.metadata.distribution(PACKAGE).read_text(_ORIGIN)
    url = urllib.parse.urlsplit(json.loads(text)["url"] if text else "")
    return Path(urllib.parse.unquote(url.path)) if url.scheme == "file" else None


def _run_pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip().upper().startswith("ERROR")]
        said = lines[0] if lines else (done.stdout.strip().splitlines() or ["no word"])[-1].strip()
        raise ConfigError(f"--wheels: pip {words[0]} failed: {said}")
