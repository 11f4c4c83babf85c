"""What a run directory holds already, and what another call of the same command may make of it."""

from __future__ import annotations

import sys

from kerastune_ft.config import changes
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory, numbered


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
        if (
            not target.manifest()
            and target.path.exists()
            and any(not name.startswith(".") for name in target.listing(""))
        ):
            raise ConfigError(f"{target} is not empty and holds no run; give another --run-dir")
        return ()
    begun = len(target.listing("phases"))
    found = changes.compare(RunConfig.model_validate(read(target.read_json("config.json"))), settings, begun)
    if found.refused:
        raise ConfigError(
            f"{target} began with another configuration:\n  "
            + "\n  ".join(found.refused)
            + "\nTake the changes back, or give "
            "--fresh to start over (the earlier run is kept aside)"
        )
    return found.allowed


def extended(target: RunDirectory, settings: RunConfig) -> str | None:
    """Return the run of the same name before this new one if the configuration only goes further than it did."""
    earlier = numbered(settings.output.directory, settings.name)
    before = [path for path in earlier if path != target.path]
    if not before:
        return None
    run = RunDirectory(before[-1])
    try:
        return str(run) if run.exists("plan.json") and allowed_changes(run, settings) else None
    except (ConfigError, OSError):
        # Another configuration, or a run too damaged to go on: nothing to point at.
        return None


def set_aside(target: RunDirectory) -> None:
    """Keep what is in a run directory under another name, so that a fresh start loses nothing."""
    if not target.path.exists():
        return
    number = 1
    while (aside := target.path.parent / f"{target.path.name}.before-{number}").exists():
        number += 1
    # Not from under a process that is writing to it.
    with target.lock():
        target.path.rename(aside)
    print(f"the earlier run is kept in {aside}", file=sys.stderr)
