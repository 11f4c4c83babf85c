"""Choosing and checking the run directory of a command: a new run, or one that goes on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerastune_ft.config import changes
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash, earlier_phases
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import expand_home
from kerastune_ft.streams import say
from kerastune_ft.training.run_directory.mirrored import bring_back, copy_beside
from kerastune_ft.training.run_directory.run_choice import (
    LOG,
    TAKEN_UP,
    check_places,
    choose,
    clear,
    explain_return,
    find_run,
    has_failed,
    has_no_step,
    list_runs,
)

KIND, RUN = "kind", "run"
"""The key of the manifest that names the command of a run directory, and what it is without that key."""


@dataclass(frozen=True)
class RunStart:
    """The run directory that a command works in, why this one, and how far the run in it has come."""

    target: RunDirectory
    reason: str
    allowed: tuple[str, ...] = ()
    """The changes of the configuration since the run began."""
    complete: bool = False
    """Whether the run has all its results."""

    def with_directory(self, target: RunDirectory) -> RunStart:
        """Return the same with the run directory seen otherwise."""
        return replace(self, target=target)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object of it."""
        return {"target": str(self.target), "reason": self.reason, "allowed": self.allowed, "complete": self.complete}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> RunStart:
        """Return what `to_json` described."""
        return cls(
            RunDirectory(document["target"]), document["reason"], tuple(document["allowed"]), document["complete"]
        )


def start_run(
    settings: RunConfig,
    digest: str,
    run_dir: str | os.PathLike[str] | None,
    fresh: bool,
    held: contextlib.ExitStack,
    kind: str = RUN,
) -> RunStart:
    """Choose the run directory, lock it until `held` is closed, and return what is in it.

    `kind` is the command that asks. Raises ConfigError for a directory that is in use, unusable, of another command, or
    that began with another configuration.
    """
    if run_dir is not None and not os.fspath(run_dir):
        raise ConfigError("--run-dir is empty; give a directory, or leave it out")
    check_places(settings, run_dir)
    mirror = settings.output.mirror
    if mirror is not None and not fresh:
        bring_back(settings, mirror, digest, run_dir)
    if run_dir is not None:
        target = RunDirectory(expand_home(run_dir))
        if fresh:
            move_aside(target)
        _check_kind(target, kind)
        reason = explain_return(target, digest) if target.manifest() else "new"
    else:
        target, reason = choose(settings.output.directory, settings.name, digest, fresh, mirror=mirror)
        if reason == "new" and not fresh and (earlier := find_shorter_run(target, settings)):
            reason = f"new; --run-dir {earlier} would go on with that run"
    try:
        held.enter_context(target.lock())
    except ConfigError:
        if reason != TAKEN_UP:
            raise
        # Another command was quicker to take it up.
        target, reason = choose(settings.output.directory, settings.name, digest, fresh, take_up=False, mirror=mirror)
        held.enter_context(target.lock())
    if has_no_step(target) and (has_failed(target) or (target.manifest() or {}).get("config_hash") != digest):
        clear(target)
        reason = TAKEN_UP
    is_done = is_complete(target, settings, digest)
    start = RunStart(target, reason, () if is_done else allowed_changes(target, settings), is_done)
    if mirror is not None:
        copy_beside(target, mirror, held)
    return start


def _check_kind(target: RunDirectory, kind: str) -> None:
    """Raise ConfigError for the directory of another command."""
    begun = (target.manifest() or {}).get(KIND, RUN)
    if target.exists("plan.json") and begun != kind:
        raise ConfigError(f"{target} was made by `{begun}` and not by `{kind}`; give another --run-dir")


def _holds_others(target: RunDirectory, settings: RunConfig) -> bool:
    """Return whether a directory without a manifest holds files that are not those a run begins with."""
    names = {name for name in target.list_files("") if not name.startswith(".") and name != LOG}
    # A process that was killed before it wrote the manifest leaves the configuration alone.
    return bool(names) and not (names == {"config.json"} and target.read_json("config.json") == settings.to_json())


def find_hash(settings: RunConfig, run_dir: str | os.PathLike[str] | None) -> str:
    """Return the hash of a configuration: that of the run in `run_dir` where only its paths are written otherwise.

    So they are in the config.json of a run, which has whole paths. Of a run that began when the preset of the
    configuration stood for other phases it is that of these.
    """
    own = config_hash(settings)
    if not run_dir:
        return own
    target = RunDirectory(expand_home(run_dir))
    # What is wrong with a run is said where it is taken up.
    with contextlib.suppress(ConfigError, OSError):
        known, begun = (target.manifest() or {}).get("config_hash"), target.read_json("config.json")
        if not target.rules.rates_of_papers:
            settings = settings.model_copy(update={"phases": earlier_phases(settings)})
        if known and isinstance(begun, dict) and _hash_of_whole_paths(read(begun)) == _hash_of_whole_paths(settings):
            return str(known)
    return own


def find_earlier_run(settings: RunConfig) -> str | None:
    """Return the run of a configuration that began when its preset stood for other phases; None where there is none."""
    phases = earlier_phases(settings)
    if phases == settings.phases:
        return None
    digest = config_hash(settings.model_copy(update={"phases": phases}))
    runs = list_runs(settings.output.directory, settings.name)
    if find_run(runs, config_hash(settings)) is not None:
        return None
    found = find_run(runs, digest)
    return None if found is None or found.rules.rates_of_papers else str(found)


def _hash_of_whole_paths(settings: RunConfig) -> str:
    return config_hash(read(settings.to_json()))


def check_until(settings: RunConfig, until_phase: str | None) -> None:
    """Raise ConfigError for a phase to stop after that the schedule has not, unless it is still to be chosen."""
    if settings.awaits_choice:
        return
    names = [phase.name for phase in settings.phases]
    if until_phase is not None and until_phase not in names:
        raise ConfigError(f"--until-phase: there is no phase {until_phase!r}; the phases are {', '.join(names)}")


def is_complete(target: RunDirectory, settings: RunConfig, digest: str) -> bool:
    """Return whether a run has all its results, as this configuration wants them shown."""
    manifest = target.manifest() or {}
    if manifest.get("state") != "done" or manifest.get("config_hash") != digest:
        return False
    if not all(target.exists(name) for name in ("config.json", "metrics.json", "model/model.keras")):
        return False
    # Whether examples may be shown changes no result, but what evaluation and report hold.
    return bool(target.read_json("config.json")["output"]["examples"] == settings.output.examples)


def allowed_changes(target: RunDirectory, settings: RunConfig) -> tuple[str, ...]:
    """Return the changes of the configuration since the run began, or raise ConfigError for those refused."""
    if not target.exists("plan.json"):
        # A run that failed before its plan was made has nothing to keep in step with.
        if not target.manifest() and target.path.exists() and _holds_others(target, settings):
            raise ConfigError(f"{target} is not empty and holds no run; give another --run-dir")
        return ()
    begun = len(target.list_files("phases"))
    earlier = RunConfig.model_validate(read(target.read_json("config.json"))).with_rules(target.rules)
    if settings.awaits_choice and earlier.auto is not None and not earlier.awaits_choice:
        # Chosen when the run began; what they were chosen by is compared.
        settings = settings.with_choice(earlier.phases, earlier.auto.chosen)
    found = changes.compare(earlier, settings.with_rules(target.rules), begun)
    if found.refused:
        raise ConfigError(
            f"{target} began with another configuration:\n  "
            + "\n  ".join(found.refused)
            + "\nTake the changes back, or give "
            "--fresh to start over (the earlier run is kept aside)"
        )
    return found.allowed


def find_shorter_run(target: RunDirectory, settings: RunConfig) -> str | None:
    """Return the run of the same name before this new one if the configuration only goes further than it did."""
    earlier = list_runs(settings.output.directory, settings.name)
    before = [path for path in earlier if path != target.path]
    if not before:
        return None
    run = RunDirectory(before[-1])
    try:
        return str(run) if run.exists("plan.json") and allowed_changes(run, settings) else None
    except (ConfigError, OSError):
        # Another configuration, or a run too damaged to go on: nothing to point at.
        return None


def move_aside(target: RunDirectory) -> None:
    """Keep what is in a run directory under another name, so that a fresh start loses nothing."""
    if not target.path.exists():
        return
    if target.is_local and Path.cwd().is_relative_to(target.path.resolve()):
        raise ConfigError(
            f"--fresh: {target} holds the folder in which this command was given, which would move away with it; give "
            "the command in another folder, or another --run-dir"
        )
    number = 1
    while (aside := target.path.parent / f"{target.path.name}.before-{number}").exists():
        number += 1
    # Not from under a process that is writing to it.
    with target.lock():
        target.path.rename(aside)
    say(f"the earlier run is kept in {aside}")
