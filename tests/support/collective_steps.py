"""Trains a phase as one of two workers and prints the collectives its step was compiled with: type and elements."""

from __future__ import annotations

import json
import sys
from typing import Any

from tensorflow.python.ops import collective_ops

import kerastune_ft as kt
from kerastune_ft.training.updates.step import PhaseStep

compiled: list[list[Any]] = []
sent = collective_ops.all_reduce_v2
update = PhaseStep._replica_update
inside = []


def counted(tensor: Any, *rest: Any, **options: Any) -> Any:
    """Note a collective that is compiled into the step."""
    if inside:
        compiled.append([tensor.dtype.name, int(tensor.shape.num_elements())])
    return sent(tensor, *rest, **options)


def trace(step: PhaseStep, *arguments: Any) -> Any:
    """Trace the step, noting its collectives."""
    inside.append(1)
    try:
        return update(step, *arguments)
    finally:
        inside.clear()


if __name__ == "__main__":
    collective_ops.all_reduce_v2 = counted
    PhaseStep._replica_update = trace  # type: ignore[method-assign]
    config, run_dir = sys.argv[1:]
    run = kt.run(config, run_dir=run_dir, until_phase="head", overrides=["runtime.strategy=multi_worker"])
    print(json.dumps({"collectives": compiled, "is_chief": run.is_chief}))
