"""Measuring how costs grow with the number of examples, of epochs, and of units that train."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from measurements import tables
from measurements.folders import Files, multiply, size
from measurements.rounds import OURS, SCRIPT, discard, report
from measurements.schedule import Schedule
from measurements.sides import Cost, Sides
from measurements.tables import Sheet

Units = int | Literal["all"]


@dataclass(frozen=True)
class Ranges:
    """The ranges to vary, one at a time; everything else is as in the schedule, on one copy of the images."""

    factors: Sequence[int]
    epochs: Sequence[int]
    units: Sequence[Units]


def measure(schedule: Schedule, files: Files, ranges: Ranges, rounds: int) -> list[dict[str, Any]]:
    """Return a row per point: the varied quantity, its value, and the median cost of each side."""
    return [
        _point(varied, value, asked, files, factor, rounds) for varied, value, asked, factor in _vary(schedule, ranges)
    ]


def _vary(schedule: Schedule, ranges: Ranges) -> Iterator[tuple[str, Units, Schedule, int]]:
    for factor in ranges.factors:
        yield "examples", factor, schedule, factor
    for epochs in ranges.epochs:
        yield "epochs", epochs, replace(schedule, head_epochs=epochs, top_epochs=epochs), 1
    for units in ranges.units:
        yield "units", units, replace(schedule, last=units), 1


def _point(varied: str, value: Units, schedule: Schedule, files: Files, factor: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sides = Sides(schedule, multiply(files, folder / "data", factor), folder / "runs")
        print(f"{varied}: {value}", file=sys.stderr)
        costs: dict[str, list[Cost]] = {OURS: [], SCRIPT: []}
        turns: list[tuple[str, Callable[[int], Cost]]] = [
            (OURS, lambda seed: sides.framework(seed, "cold", "run")),
            (SCRIPT, lambda seed: sides.script(seed, cached=False)),
        ]
        for number in range(rounds):
            for name, turn in turns if number % 2 == 0 else reversed(turns):
                costs[name].append(report(name, turn(number)))
                discard(folder / "runs")
    row: dict[str, Any] = {
        "varied": varied,
        "value": value,
        "images": factor * size(files, *files),
        "head_epochs": schedule.head_epochs,
        "top_epochs": schedule.top_epochs,
        "units": schedule.last,
    }
    for name, each in costs.items():
        anonymous = [cost.anonymous_bytes for cost in each if cost.anonymous_bytes is not None]
        row[name] = {
            "seconds": statistics.median(cost.seconds for cost in each),
            "cpu_seconds": statistics.median(cost.cpu_seconds for cost in each),
            "rss_bytes": max(cost.rss_bytes for cost in each),
            "anonymous_bytes": max(anonymous, default=None),
        }
    row["ratio"] = row[SCRIPT]["seconds"] / row[OURS]["seconds"]
    return row


def sheet(rows: Sequence[dict[str, Any]], caption: str) -> Sheet:
    """Return the rows as a table."""
    heads = ("varied", "images", "epochs", "last units", f"{OURS}, s", "script, s", "ratio")
    memory = (f"{OURS}, own MB", "peak MB", "script, own MB", "peak MB")
    lines = []
    for row in rows:
        ours, script = row[OURS], row[SCRIPT]
        told_memory = [
            tables.megabytes(side[key]) for side in (ours, script) for key in ("anonymous_bytes", "rss_bytes")
        ]
        lines.append(
            [
                row["varied"],
                str(row["images"]),
                f"{row['head_epochs']} + {row['top_epochs']}",
                str(row["units"]),
                tables.seconds(ours["seconds"]),
                tables.seconds(script["seconds"]),
                tables.times(row["ratio"]),
                *told_memory,
            ]
        )
    return Sheet((*heads, *memory), lines, caption)
