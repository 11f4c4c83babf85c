"""Runs the predict.py of an export in a process of its own, from a job on standard input: `python -P isolated.py`.

The job names modules that cannot be imported there: this package, and all runtimes but that of the format. So what
answers is the export alone. This file imports nothing of this package for the same reason.
"""

import itertools
import json
import os
import runpy
import statistics
import sys
import time
from pathlib import Path
from typing import Any

LEAST_CALLS = 5
"""How many calls of one size of batch are timed at least."""


def answer(job: dict[str, Any]) -> None:
    """Run predict.py as a user does, with the job's arguments; it prints its answers."""
    sys.argv = [job["script"], *job["arguments"]]
    runpy.run_path(job["script"], run_name="__main__")


def measure(job: dict[str, Any]) -> None:
    """Print as JSON the milliseconds of one call of `predict` by size of batch, on inputs that are read before."""
    script = runpy.run_path(job["script"], run_name="export")
    model = script["load"](Path(job["script"]).parent)
    examples = [script["read"](model, item) for item in job["arguments"]]
    found = {}
    for size in job["batches"]:
        batch = list(itertools.islice(itertools.cycle(examples), size))
        found[size] = time_calls(lambda batch=batch: script["predict"](model, batch), job["seconds"])
    print(json.dumps(found))


def time_calls(call: Any, seconds: float) -> dict[str, float]:
    """Return the median wall and CPU milliseconds of a call; CPU time is that of all threads."""
    call()
    walls: list[float] = []
    cpus: list[float] = []
    while len(walls) < LEAST_CALLS or sum(walls) < seconds:
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"wall_ms": 1000 * statistics.median(walls), "cpu_ms": 1000 * statistics.median(cpus)}


def main() -> None:
    """Do the job on standard input."""
    job = json.load(sys.stdin)
    os.chdir(job["directory"])
    sys.modules.update(dict.fromkeys(job["blocked"]))
    {"answer": answer, "measure": measure}[job["do"]](job)


if __name__ == "__main__":
    main()
