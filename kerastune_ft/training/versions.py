"""The versions of the packages that compute a run: recorded at every start, never overwritten, compared later."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.rundir import now

PACKAGES = (
    "kerastune_ft",
    "tensorflow",
    "keras",
    "keras-hub",
    "tensorflow-text",
    "tensorflow-datasets",
    "numpy",
    "scipy",
    "scikit-learn",
    "pillow",
    "soundfile",
    "pydicom",
)
"""All packages that what a run computes depends on; those that are not installed are not recorded."""
Manifest = Mapping[str, Any]


def find_versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages, by name."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def add_versions(manifest: Manifest, versions: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a manifest with the versions of a start added: `versions` are those the run began with.

    `later_versions` lists those of later starts, with the time, where they differ from the start before.
    """
    first = manifest.get("versions")
    if not first:
        return {"versions": dict(versions)}
    if list_versions(manifest)[-1] == dict(versions):
        return {}
    later = [*(manifest.get("later_versions") or ()), {"since": now(), "versions": dict(versions)}]
    return {"later_versions": later}


def list_versions(manifest: Manifest) -> list[dict[str, str]]:
    """Return the versions of every start that had others than the one before, the first first."""
    later = [entry["versions"] for entry in manifest.get("later_versions") or ()]
    return [dict(manifest.get("versions") or {}), *map(dict, later)]


def version_history(manifest: Manifest) -> dict[str, str]:
    """Return by package the versions that a run was computed with one after the other, as `3.11.0 -> 3.15.0`."""
    starts = list_versions(manifest)
    names = dict.fromkeys(name for versions in starts for name in versions)
    return {name: " -> ".join(_list_distinct(starts, name)) for name in names}


def describe_versions(manifest: Manifest, present: Mapping[str, str]) -> list[str]:
    """Return sentences on the versions that changed since a run began, and on those that it did not record."""
    starts = list_versions(manifest)
    if not starts[0]:
        return []
    # Runs that record hashes of their parts record all packages that are installed.
    is_complete = "parts" in manifest
    names = dict.fromkeys(name for versions in (*starts, present) for name in versions)
    if not is_complete:
        names = dict.fromkeys(name for name in names if name in starts[0])
    changed = [text for name in names if (text := _describe_change([*starts, present], name))]
    said = [f"changed since the run began: {', '.join(changed)}"] if changed else []
    if unknown := [name for name in present if name not in names]:
        said.append(
            f"the run did not record which versions of {', '.join(unknown)} it began with, so whether they changed is "
            "not known"
        )
    return said


def _describe_change(starts: Sequence[Mapping[str, str]], name: str) -> str | None:
    """Return a package with the versions it had one after the other; None where it had one only."""
    distinct = _list_distinct(starts, name)
    return f"{name} {' -> '.join(distinct)}" if len(distinct) > 1 else None


def _list_distinct(starts: Sequence[Mapping[str, str]], name: str) -> list[str]:
    found = [versions.get(name, "not installed") for versions in starts]
    return [one for one, before in zip(found, [None, *found], strict=False) if one != before]
