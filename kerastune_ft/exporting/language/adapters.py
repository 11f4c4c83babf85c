"""What a run changed of the preset it began with, as a small file: adapters, and the other variables that trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.rundir import RunDirectory

FILE = "adapters.safetensors"
SCRIPT = "apply_adapters.py"


def write_adapters(run: RunDirectory, plan: Mapping[str, Any], body: Any, folder: Path) -> dict[str, Any] | None:
    """Write `adapters.safetensors` and `apply_adapters.py`, and return what the file says of itself.

    None for a run without adapters, or one that trained a variable that keras-hub's backbone has under another name, as
    an output matrix that was split off.
    """
    from safetensors.numpy import load, save_file

    if not plan.get("adapters"):
        return None
    last = plan["phases"][-1]
    name = f"phases/{last['index']:02}-{last['name']}/best.safetensors"
    if not run.exists(name):
        return None
    tensors = load(run.read_bytes(name))
    factors = {path for each in plan["adapters"] for path in each["variables"]}
    known = {variable.path for variable in body.variables}
    others = {path: path for path in tensors if path not in factors}
    kernels = {each["kernel"] for each in plan["adapters"]}
    if not known.issuperset(others) or not known.issuperset(kernels) or not tensors.keys() >= factors:
        return None
    about = {
        "adapters": [
            {
                "kernel": each["kernel"],
                "a": each["variables"][0],
                "b": each["variables"][1],
                "rank": each["rank"],
                "alpha": each["alpha"],
            }
            for each in plan["adapters"]
        ],
        "replaced": others,
    }
    save_file(tensors, folder / FILE, metadata={"adapters": json.dumps(about)})
    (folder / FILE).chmod(0o644)
    script = Path(__file__).with_name(SCRIPT)
    (folder / SCRIPT).write_bytes(script.read_bytes())
    return about
