"""Carries out a run in a process that may take only so much memory more than it has when the plan is made."""

from __future__ import annotations

import importlib
import re
import resource
import sys
from pathlib import Path

import kerastune_ft as kt

LIMITS = {"addresses": (resource.RLIMIT_AS, "VmSize"), "data": (resource.RLIMIT_DATA, "VmData")}


def read_size(name: str) -> int:
    """Return a size of this process in bytes, as the system names it."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    config, run_dir, accumulate, kind, more = sys.argv[1:]
    overrides = [f"phases.all.accumulate={accumulate}"]
    # What is imported and built once is there before the limit is.
    for module in ("sklearn.metrics", "matplotlib.figure", "matplotlib.backends.backend_agg"):
        importlib.import_module(module)
    kt.plan(config, overrides)
    if kind in LIMITS:
        number, name = LIMITS[kind]
        limit = read_size(name) + int(more)
        resource.setrlimit(number, (limit, limit))
    kt.run(config, run_dir=run_dir, overrides=overrides)
