"""Running a schedule on all sides in alternating rounds, each in a fresh process, and the medians of the costs."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from measurements import tables
from measurements.folders import Files, link, tiny
from measurements.schedule import Schedule
from measurements.sides import PARTS, Cost, Sides
from measurements.tables import Sheet

OURS, AGAIN, SCRIPT, CACHED = "kerastune_ft", "its second run", "script", "script, images cached"
Costs = Mapping[str, Sequence[Cost]]


def alternate(sides: Sides, folder: Path, rounds: int) -> Costs:
    """Run every side once a round, in another order each round.

    kerastune_ft starts each round with an empty cache; its second run, of the same data, finds what the first left.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in (OURS, AGAIN, SCRIPT, CACHED)}

    def ours(seed: int) -> None:
        for name in (OURS, AGAIN):
            costs[name].append(report(name, sides.framework(seed, "cold", name)))
        discard(folder)

    turns: list[Callable[[int], None]] = [
        ours,
        lambda seed: costs[SCRIPT].append(report(SCRIPT, sides.script(seed, cached=False))),
        lambda seed: costs[CACHED].append(report(CACHED, sides.script(seed, cached=True))),
    ]
    for number in range(rounds):
        for place in range(len(turns)):
            turns[(number + place) % len(turns)](number)
    return costs


def report(name: str, cost: Cost) -> Cost:
    """Print the cost of a process on standard error, and return it."""
    print(f"{name}: {cost.seconds:.1f} s, test accuracy {cost.test_accuracy:.4f}", file=sys.stderr)
    return cost


def discard(folder: Path) -> None:
    """Remove the files of runs, caches included, so that the next run starts cold and disks do not fill up."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def warm_up(schedule: Schedule, files: Files) -> None:
    """Run every side on a few images, so that none pays for reading libraries from disk first."""
    print("warming up", file=sys.stderr)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        brief = replace(schedule, head_epochs=min(1, schedule.head_epochs), top_epochs=1)
        sides = Sides(brief, link(tiny(files), folder / "data"), folder / "runs")
        sides.framework(0, "cold", "run")
        sides.script(0, cached=False)


def medians(costs: Costs) -> dict[str, dict[str, Any]]:
    """Return per side the medians over the rounds, and the ratio of its seconds to ours."""
    found = {name: _median(each) for name, each in costs.items()}
    for median in found.values():
        median["ratio"] = median["seconds"] / found[OURS]["seconds"]
        if median["head_epoch"] is not None:
            median["head_epoch_ratio"] = median["head_epoch"] / found[OURS]["head_epoch"]
    return found


def _median(costs: Sequence[Cost]) -> dict[str, Any]:
    seconds = [cost.seconds for cost in costs]
    anonymous = [cost.anonymous_bytes for cost in costs if cost.anonymous_bytes is not None]
    return {
        "seconds": statistics.median(seconds),
        "least_seconds": min(seconds),
        "most_seconds": max(seconds),
        "cpu_seconds": statistics.median(cost.cpu_seconds for cost in costs),
        "parts": {name: statistics.median(cost.parts[name] for cost in costs) for name in PARTS},
        "head_epoch": later([cost.head_epochs for cost in costs]),
        "top_epoch": later([cost.top_epochs for cost in costs]),
        "test_accuracy": statistics.median(cost.test_accuracy for cost in costs),
        "rss_bytes": max(cost.rss_bytes for cost in costs),
        "anonymous_bytes": max(anonymous, default=None),
    }


def later(epochs: Sequence[Sequence[float]]) -> float | None:
    """Return the median seconds of all epochs but the first of each run, which compiles; of that if there is no other.

    None where no epoch was trained.
    """
    chosen = [seconds for each in epochs for seconds in (each[1:] or each)]
    return statistics.median(chosen) if chosen else None


def sheet(found: Mapping[str, Mapping[str, Any]], caption: str) -> Sheet:
    """Return the medians as a table with a column per side."""
    columns = list(found.values())
    rows = [[part, *(tables.seconds(column["parts"][part]) for column in columns)] for part in PARTS]
    spans = [f"{column['least_seconds']:.1f} to {column['most_seconds']:.1f}" for column in columns]
    rows += [
        ["whole process", *(tables.seconds(column["seconds"]) for column in columns)],
        ["least to most", *spans],
        ["times ours", *(tables.times(column["ratio"]) for column in columns)],
        ["CPU time", *(tables.seconds(column["cpu_seconds"]) for column in columns)],
        ["an epoch of the head phase", *(tables.seconds(column["head_epoch"]) for column in columns)],
        [
            "times ours",
            *(
                tables.times(column["head_epoch_ratio"]) if "head_epoch_ratio" in column else tables.ABSENT
                for column in columns
            ),
        ],
        ["an epoch of the top phase", *(tables.seconds(column["top_epoch"]) for column in columns)],
        ["test accuracy", *(f"{column['test_accuracy']:.4f}" for column in columns)],
        ["peak memory, MB", *(tables.megabytes(column["rss_bytes"]) for column in columns)],
        ["of its own, MB", *(tables.megabytes(column["anonymous_bytes"]) for column in columns)],
    ]
    return Sheet(("seconds", *found), rows, caption)
