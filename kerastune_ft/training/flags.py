"""Environment variables that choose kernels: recorded at every start of a run, never overwritten, compared later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from kerastune_ft.rundir import now

# Beginnings of names; what they choose affects the last digits of results.
_KERNELS = ("TF_ENABLE_ONEDNN", "TF_ONEDNN", "ONEDNN_", "DNNL_", "TF_XLA_", "XLA_FLAGS", "TF_CUDNN_", "NVIDIA_TF32")
Manifest = Mapping[str, Any]


def find_flags() -> dict[str, str]:
    """Return the variables of this process that choose kernels, by name."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(_KERNELS)}


def add_flags(manifest: Manifest, flags: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a manifest with the flags of a start added: `flags` are those the run began with.

    `later_flags` lists those of later starts, with the time, where they differ from the start before. A run that began
    before flags were recorded gets none.
    """
    if "flags" not in manifest:
        return {} if manifest.get("versions") else {"flags": dict(flags)}
    if _last_flags(manifest) == dict(flags):
        return {}
    return {"later_flags": [*(manifest.get("later_flags") or ()), {"since": now(), "flags": dict(flags)}]}


def describe_flags(manifest: Manifest, present: Mapping[str, str]) -> list[str]:
    """Return sentences on the flags that are not those of the last start, and on those that may not be."""
    if not manifest.get("versions"):
        return []
    if "flags" not in manifest:
        if not present:
            return []
        return [
            f"the run did not record with which {', '.join(present)} it began, so whether that changed is not known"
        ]
    before = _last_flags(manifest)
    changed = [
        f"{name} {before.get(name, 'unset')} -> {present.get(name, 'unset')}"
        for name in sorted({*before, *present})
        if before.get(name) != present.get(name)
    ]
    if not changed:
        return []
    return [f"changed since the last start, and with it the last digits of results: {', '.join(changed)}"]


def _last_flags(manifest: Manifest) -> dict[str, str]:
    starts = [manifest["flags"], *(entry["flags"] for entry in manifest.get("later_flags") or ())]
    return dict(starts[-1])
