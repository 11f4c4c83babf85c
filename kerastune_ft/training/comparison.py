"""Whether a run that goes on has what it began with: data, weights, precision, and all else its results depend on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kerastune_ft.data.splits.recorded import explain_change
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training import parts
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.versions import describe_versions, list_versions

_RESTORE = "restore it, or give --fresh to start over"


def check_same(target: RunDirectory, session: Session) -> None:
    """Raise an error when a run that began with other data, weights or precision would go on with these."""
    manifest = target.manifest() or {}
    known, now = manifest.get("data_fingerprint"), session.source.info.fingerprint
    if known and known != now:
        raise DataError(explain_change(str(target), known, now))
    devices = session.devices
    known = (manifest.get("devices") or {}).get("precision")
    if known and known != devices.precision:
        raise ConfigError(
            f"{target} began in {known}, and runtime.precision gives {devices.precision} here "
            f"({devices.precision_reason}); go on with it on a device like the first, or give --fresh to start over"
        )
    known, now = manifest.get("source_hash"), session.source_hash
    if known and known != now:
        raise ConfigError(
            f"the pretrained weights changed since {target} began (SHA-256 {known[:12]}, now {now[:12]}); "
            "restore them, or give --fresh to start over"
        )


def check_inputs(target: RunDirectory, plan: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ConfigError where examples would become other inputs than when the run began.

    `plan` is the plan.json that the run has, `now` what would be written.
    """
    known, present = parts.shape_of_inputs(plan), parts.shape_of_inputs(now)
    for what, value in known.items():
        if value is not None and present.get(what) != value:
            raise ConfigError(
                f"{what} changed since {target} began ({_shorten(value)}, now {_shorten(present.get(what))}); "
                f"{_RESTORE}"
            )


def compare_parts(target: RunDirectory, hashes: Mapping[str, str], versions: Mapping[str, str]) -> list[str]:
    """Return sentences on versions that changed since a run began, and on what cannot be compared.

    `hashes` are those of the parts of the session, `versions` those of the packages now. Raises ConfigError where a
    part changed.
    """
    manifest = target.manifest() or {}
    if not manifest.get("versions"):
        return []
    said, recorded, first = describe_versions(manifest, versions), manifest.get("parts"), list_versions(manifest)[0]
    open_parts = []
    for name, value in hashes.items():
        known = (recorded or {}).get(name)
        if known == value:
            continue
        other = [package for package in parts.OF_VERSIONS.get(name, ()) if first.get(package) != versions.get(package)]
        if known is None or other:
            open_parts.append(parts.MEANINGS[name])
        else:
            raise ConfigError(
                f"{parts.MEANINGS[name]} changed since {target} began (SHA-256 {known[:12]}, now {value[:12]}); "
                f"{_RESTORE}"
            )
    if open_parts:
        why = "the run did not record them" if recorded is None else "other versions write them down otherwise"
        said.append(f"whether {' and '.join(open_parts)} changed since the run began is not known: {why}")
    return said


def _shorten(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
