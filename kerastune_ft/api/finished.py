"""What the commands on finished runs need of a run directory, and what is said where it is not there or damaged."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError, KerasTuneError, explain
from kerastune_ft.rundir import MANIFEST, RunDirectory, is_held
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import first_names

_MODEL = "model/model.keras"
_HISTORY = "history.csv"
_OBJECTS = ("config.json", "plan.json", "metrics.json")
# What reading files may raise that were tampered with: any part of them may be missing or of another type.
_UNREADABLE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
_SHOWN = 3
_FIGURES = (
    "config.json",
    "plan.json",
    "splits.csv",
    "history.csv",
    "metrics.json",
    "evaluation/",
    "model/thresholds",
    "model/calibration",
)
"""The beginnings of the names of files that the report and `evaluate` show or compare with."""


@contextlib.contextmanager
def explain_faults(target: RunDirectory) -> Iterator[None]:
    """Turn failures of reading or writing the files of a run into ConfigError that names them.

    A failure that no damaged file explains is a fault of the program and is raised as it is.
    """
    try:
        yield
    except KerasTuneError:
        raise
    except OSError as error:
        if (explained := explain(error)) is None:
            raise
        raise explained from error
    except _UNREADABLE as error:
        if not (damaged := find_damaged(target)):
            raise
        raise ConfigError(_explain_damage(target, damaged)) from error


def find_damaged(target: RunDirectory, beginnings: tuple[str, ...] = ("",)) -> list[str]:
    """Return the files of a run that are missing or not what its manifest names, of those that begin so."""
    try:
        files = _list_files(target)
    except (ConfigError, OSError, *_UNREADABLE):
        return [MANIFEST]
    found = [
        name for name, digest in files.items() if name.startswith(beginnings) and not _is_whole(target, name, digest)
    ]
    return found + [
        name for name in _OBJECTS if name not in files and name.startswith(beginnings) and _is_odd(target, name)
    ]


def find_damaged_figures(target: RunDirectory) -> list[str]:
    """Return the files with figures of a finished run that are missing or not what its manifest names."""
    # While a run is under way, and where it was killed, the manifest may be older than its files.
    return find_damaged(target, _FIGURES) if (target.manifest() or {}).get("state") == "done" else []


def describe_damage(target: RunDirectory) -> str | None:
    """Return a sentence that names files with figures that are not what the run wrote; None where there are none."""
    damaged = find_damaged_figures(target)
    if not damaged:
        return None
    one = len(damaged) == 1
    return (
        f"{first_names(damaged, _SHOWN)} {'is' if one else 'are'} missing, damaged or not what the run wrote (SHA-256 "
        f"in {MANIFEST}): do not trust figures from {'it' if one else 'them'}; restore "
        f"{'it' if one else 'them'} from a copy"
    )


def _list_files(target: RunDirectory) -> dict[str, str]:
    """Return the SHA-256 of every file that the manifest names."""
    files = (target.manifest() or {}).get("files") or {}
    return {name: about["sha256"] for name, about in files.items()}


def _is_whole(target: RunDirectory, name: str, digest: str) -> bool:
    try:
        return hashlib.sha256(target.read_bytes(name)).hexdigest() == digest
    except OSError:
        return False


def _is_odd(target: RunDirectory, name: str) -> bool:
    """Return whether a file that the manifest does not name holds no JSON object."""
    try:
        return target.exists(name) and not isinstance(target.read_json(name), Mapping)
    except (ConfigError, OSError):
        return True


def _explain_damage(target: RunDirectory, damaged: list[str]) -> str:
    one = len(damaged) == 1
    return (
        f"{first_names(damaged, _SHOWN)} of {target} {'is' if one else 'are'} missing, damaged or not what the run "
        f"wrote; restore {'it' if one else 'them'} from a copy, or start over with --fresh, which keeps this run aside "
        f"(all that is wrong: python -m kerastune_ft verify {target})"
    )


def require_model(target: RunDirectory) -> None:
    """Raise ConfigError for a run that has no model, saying why, or whose plan or model is not what the run wrote."""
    manifest = target.manifest() or {}
    if not target.exists(_MODEL):
        raise ConfigError(_explain_lack(target, manifest))
    if not target.exists("plan.json"):
        raise ConfigError(_explain_damage(target, ["plan.json"]))
    # While a run is under way the manifest may be older than its files.
    if manifest.get("state") == "done" and (damaged := find_damaged(target, ("plan.json", "model/"))):
        raise ConfigError(_explain_damage(target, damaged))


def read_settings(target: RunDirectory) -> RunConfig:
    """Return the configuration of a run that has a model, with the rules of the run."""
    require_model(target)
    document = target.read_json("config.json")
    if not isinstance(document, dict):
        raise TypeError("a configuration is an object")
    return read(document).with_rules(target.rules)


def require_epochs(target: RunDirectory) -> None:
    """Raise ConfigError for a run in which no epoch has ended, saying why."""
    if not target.exists(_HISTORY):
        raise ConfigError(_explain_lack(target, target.manifest() or {}, "epoch", _HISTORY))


def _explain_lack(target: RunDirectory, manifest: Mapping[str, Any], what: str = "model", file: str = _MODEL) -> str:
    if use := describe_use(target):
        return f"{target} has no {what} yet: it {use}; wait for it to finish"
    state, message = manifest.get("state"), " ".join(str(manifest.get("message") or "").split())
    if state == "done":
        return _explain_damage(target, [file])
    if state == "failed":
        return f"{target} has no {what}: it failed ({message}); mend that and give its run command again"
    why = f" ({message})" if message and state != "running" else ""
    return f"{target} has no {what} yet{why}; give its run command again to finish it"


def describe_use(target: RunDirectory) -> str | None:
    """Return which process works in a run directory, as `is in use by process 7 on host since ...`; None for none."""
    try:
        owner = target.owner()
        held = is_held(target)
    except (KerasTuneError, OSError, *_UNREADABLE):
        return None
    if owner is None or not held or _is_this_process(owner):
        return None
    return (
        f"is in use by process {owner.get('process', '?')} on {owner.get('host', '?')} since {owner.get('since', '?')}"
    )


def note_use(target: RunDirectory, watch: Watcher) -> None:
    """Say which process works in a run whose model is taken."""
    if use := describe_use(target):
        watch.note(f"{target} {use}: its model is taken as it is now, and may be another one when that has finished")


def note_kill(target: RunDirectory) -> None:
    """Write down that a run was killed: its manifest says `running`, and nobody holds its lock."""
    if (target.manifest() or {}).get("state") != "running":
        return
    with contextlib.suppress(ConfigError), target.lock():
        target.update_manifest(state="interrupted", message="the process was killed; the same command goes on")


def _is_this_process(owner: Mapping[str, Any]) -> bool:
    return owner.get("process") == os.getpid() and owner.get("host") == os.uname().nodename


def write_card(target: RunDirectory) -> None:
    """Write the model card of a finished run, model/README.md and model/card.json."""
    from kerastune_ft.cards.build import DOCUMENT, README, build_card

    card = build_card(target.path)
    target.commit(README, card.markdown)
    target.commit(DOCUMENT, card.to_json())


def write_report(target: RunDirectory, damaged: str | None = None) -> Path:
    """Write report/index.html of a run, which says what is damaged, and return its path."""
    from kerastune_ft.reporting.page import document

    target.commit("report/index.html", document.render(target.path, damaged))
    return target.path / "report" / "index.html"
