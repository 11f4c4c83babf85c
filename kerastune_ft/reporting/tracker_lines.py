"""In which trackers a run is, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def list_trackers(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return by tracker where a run is in it; empty for a run that no tracker has."""
    found = manifest.get("trackers") or {}
    return {kind: _describe(identity) for kind, identity in found.items() if isinstance(identity, Mapping)}


def _describe(identity: Mapping[str, Any]) -> str:
    """Return the address of a tracked run, else the names of its place."""
    if identity.get("url"):
        return str(identity["url"])
    places = ("run", "experiment", "project", "folder", "uri", "mode")
    return ", ".join(f"{name} {identity[name]}" for name in places if identity.get(name))
