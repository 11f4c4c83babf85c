"""Lists the runs in a directory from their files alone, a row for each."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.document import OUT_OF_FOLD
from kerastune_ft.notebook.speech import speak
from kerastune_ft.rundir import MANIFEST, RunDirectory, is_held
from kerastune_ft.storage import path_of_user
from kerastune_ft.training.left_weights import left_metrics

_EVENTS = "events.jsonl"


def runs(directory: str | os.PathLike[str] = "runs") -> list[dict[str, Any]]:
    """Return a row for every run in a directory, the newest last; one whose files are damaged is named as such.

    Columns: `run`, `state`, `phase`, `epoch`, `data`, `backbone`, `monitor` and its best `value` in the last phase that
    has one, `test` (metrics by name), `started`, `seconds` of training, `message`. Nothing is written. Raises
    ConfigError where there is no directory.
    """
    folder = path_of_user(directory)
    if not folder.is_dir():
        raise ConfigError(
            f"{os.fspath(directory)} is no directory; give the one that holds the runs, which is output.directory of "
            "their configurations, by default runs"
        )
    if _is_run(folder):
        return [_read_run(folder)]
    rows = [_read_run(one) for one in sorted(folder.iterdir()) if not one.name.startswith(".") and _is_run(one)]
    return sorted(rows, key=lambda row: (row["started"] or "", _sort_key(row["run"])))


def _is_run(path: Path) -> bool:
    try:
        return path.is_dir() and ((path / "config.json").is_file() or (path / MANIFEST).is_file())
    except PermissionError:
        # It may be one, and then gets a row that says why it cannot be read.
        return True


def _sort_key(name: str) -> tuple[str, int]:
    """Return a name so that `photos-10` comes after `photos-9`."""
    stem, _, number = name.rpartition("-")
    return (stem, int(number)) if number.isdecimal() else (name, 0)


def _read_run(path: Path) -> dict[str, Any]:
    opened = RunDirectory(path)
    row: dict[str, Any] = {"run": str(path), "state": "damaged", **dict.fromkeys(_COLUMNS)}
    try:
        config, manifest, plan, metrics = (
            _read_object(opened, name) for name in ("config.json", MANIFEST, "plan.json", "metrics.json")
        )
        return row | _summarise_run(opened, config, manifest, plan, metrics)
    except (ConfigError, OSError, UnicodeDecodeError, TypeError, AttributeError, KeyError, IndexError) as error:
        # A run that cannot be read is a row too, so that it does not hide the others and is not overlooked.
        return row | {"message": " ".join(str(error).split())}


_COLUMNS = ("phase", "epoch", "data", "backbone", "monitor", "value", "test", "started", "seconds", "message")


def _read_object(opened: RunDirectory, name: str) -> Mapping[str, Any]:
    if not opened.exists(name):
        return {}
    found = opened.read_json(name)
    if not isinstance(found, Mapping):
        raise ConfigError(f"{opened.path / name} is damaged: it holds no object")
    return found


def _summarise_run(
    opened: RunDirectory,
    config: Mapping[str, Any],
    manifest: Mapping[str, Any],
    plan: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    phases: Sequence[Mapping[str, Any]] = manifest.get("phases") or []
    measured = [phase for phase in phases if (phase.get("best") or {}).get(phase.get("monitor")) is not None]
    last = measured[-1] if measured else _read_ensemble(config, metrics)
    state = _find_state(opened, manifest)
    phase, epoch = _find_epoch(opened, manifest)
    return {
        "state": state,
        "phase": phase,
        "epoch": epoch,
        "data": (plan.get("data") or {}).get("name") or _find_name(config.get("data") or {}),
        "backbone": _name_backbone(config.get("backbone") or {}),
        "monitor": last.get("monitor"),
        "value": left_metrics(last)[last["monitor"]] if last else None,
        "test": dict(metrics["test"]) if "test" in metrics else None,
        "started": manifest.get("started"),
        "seconds": sum(phase.get("seconds") or 0 for phase in phases) or manifest.get("seconds"),
        "message": _find_message(manifest, state),
    }


def _read_ensemble(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return of a cross-validation what stands for its last phase: the monitor, of the out-of-fold predictions."""
    monitor = str(((config.get("phases") or [{}])[-1]).get("monitor"))
    value = (metrics.get(OUT_OF_FOLD) or {}).get(monitor.removeprefix("validation_"))
    return {} if value is None else {"monitor": monitor, "best": {monitor: value}}


def _find_epoch(opened: RunDirectory, manifest: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Return phase and number of the last epoch that ended.

    The manifest is not written at every end of an epoch, and a killed process leaves it behind; events are.
    """
    known = manifest.get("phase"), manifest.get("epoch")
    if manifest.get("state") != "running" or not opened.exists(_EVENTS):
        return known
    for line in reversed(opened.read_bytes(_EVENTS).decode("utf-8", "replace").splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            # A killed process may leave part of a line.
            continue
        if isinstance(event, Mapping) and event.get("event") == "epoch":
            return event.get("phase"), event.get("epoch")
    return known


def _find_state(opened: RunDirectory, manifest: Mapping[str, Any]) -> str:
    state = str(manifest.get("state") or "not begun")
    # The manifest of a killed process goes on saying that it runs.
    return "interrupted" if state == "running" and not is_held(opened) else state


def _find_message(manifest: Mapping[str, Any], state: str) -> str | None:
    if state == "interrupted" and manifest.get("state") == "running":
        return speak("the process was killed; the same command goes on")
    return speak(" ".join(str(manifest["message"]).split())) if manifest.get("message") else None


def _find_name(options: Mapping[str, Any]) -> str | None:
    return options.get("name") or (Path(str(options["path"])).name if options.get("path") else options.get("kind"))


def _name_backbone(options: Mapping[str, Any]) -> str | None:
    weights = options.get("weights")
    # A preset may be a local directory.
    name = Path(str(options["preset"])).name if options.get("preset") else options.get("class") or _find_name(options)
    return f"{name}, {Path(str(weights)).name}" if name and weights else name
