"""Phases chosen by measurement against every preset, on the same sets, splits and stored features, in one process.

Each cell, a schedule on a set with the validation split of a seed, is a run whose figures are written to a file of
their own, so that the measurement can be stopped and goes on. Test figures are read once a run is done.
"""

from __future__ import annotations

import json
import math
import shutil
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from kerastune_ft.config.presets import AUTO, PRESETS
from measurements.defaults import sets
from measurements.tables import ABSENT, Sheet

SETS: Mapping[str, str] = {
    "flowers": "images/flowers",
    "blood_cells": "images/blood_cells",
    "mars": "images/mars",
    "fsdd": "audio/fsdd",
    "sst2": "text/sst2:1500",
    "banking77": "text/banking77:1500",
}
"""The sets, and how much of each: examples of a class, of texts in all."""
SCHEDULES = (AUTO, *(name for name, preset in PRESETS.items() if not preset.required and name != AUTO))
"""All schedules that a word stands for."""

Cell = dict[str, Any]


def choose_sets(names: Sequence[str]) -> dict[str, str]:
    """Return sets by name, all by default; a name may say how much of the set, as in `flowers:60`."""
    chosen = {}
    for name in names or SETS:
        word, _, size = name.partition(":")
        if word not in SETS:
            raise click.UsageError(f"there is no set {word}; the sets are {', '.join(SETS)}")
        chosen[word] = f"{SETS[word].partition(':')[0]}:{size}" if size else SETS[word]
    return chosen


def measure(
    wanted: Mapping[str, str], schedules: Sequence[str], seeds: int, data: Path, weights: Path, folder: Path
) -> dict[str, dict[str, list[Cell]]]:
    """Return the cells by set and schedule, one for each seed; those that `folder` has are not measured again.

    `wanted` are sets by name, as `sets.prepare` takes them.
    """
    return {
        name: {
            schedule: [_recall(folder, name, place, schedule, seed, data, weights) for seed in range(seeds)]
            for schedule in schedules
        }
        for name, place in wanted.items()
    }


def _recall(folder: Path, name: str, place: str, schedule: str, seed: int, data: Path, weights: Path) -> Cell:
    file = folder / "cells" / f"{place.replace('/', '-').replace(':', '-')}-{schedule}-{seed}.json"
    if not file.exists():
        cell = _run(folder, place, schedule, seed, data, weights)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(cell, indent=1), "utf-8")
        partial.replace(file)
        print(f"{name}, {schedule}, seed {seed}: {cell}", file=sys.stderr)
    found: Cell = json.loads(file.read_text("utf-8"))
    return found


def _run(folder: Path, place: str, schedule: str, seed: int, data: Path, weights: Path) -> Cell:
    """Run one schedule and return what it reached and cost."""
    import kerastune_ft as kt

    run_dir = folder / "run"
    config = {
        **sets.prepare(place, seed, data, weights, folder / "sets"),
        "seed": seed,
        "phases": schedule,
        "runtime": {"cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder)},
    }
    # A run that was stopped goes on, and its time so far is lost: it is begun again.
    shutil.rmtree(run_dir, ignore_errors=True)
    began, used = time.monotonic(), time.process_time()
    run = kt.run(config, run_dir=run_dir)
    plan = json.loads((run_dir / "plan.json").read_text("utf-8"))
    cell = {
        "validation": run.metrics["validation"],
        "test": run.metrics["test"],
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - used,
        "phases": [{key: phase[key] for key in ("name", "unfreeze", "rates")} for phase in plan["phases"]],
        "epochs": [phase["epochs"] for phase in run.manifest["phases"]],
    }
    if schedule == AUTO:
        cell["auto"] = plan["auto"]
    shutil.rmtree(run_dir)
    return cell


def rank(cells: Mapping[str, Mapping[str, Sequence[Cell]]], split: str) -> dict[str, list[float]]:
    """Return the ranks of every schedule by accuracy, one for each set and seed; of equals the mean of their places."""
    ranks: dict[str, list[float]] = {}
    for by_schedule in cells.values():
        for seed in range(min(map(len, by_schedule.values()))):
            values = {name: each[seed][split]["accuracy"] for name, each in by_schedule.items()}
            for name, value in values.items():
                better = sum(other > value for other in values.values())
                equal = sum(other == value for other in values.values())
                ranks.setdefault(name, []).append(better + (equal + 1) / 2)
    return ranks


def sheet(cells: Mapping[str, Mapping[str, Sequence[Cell]]], caption: str, split: str = "test") -> Sheet:
    """Return the table: accuracies by set, mean rank and CPU seconds of every schedule."""
    ranks = rank(cells, split)
    rows = [
        [
            schedule,
            *(_spread([cell[split]["accuracy"] for cell in each[schedule]]) for each in cells.values()),
            _spread(found, 1),
            f"{sum(cell['cpu_seconds'] for each in cells.values() for cell in each[schedule]):,.0f}",
        ]
        for schedule, found in sorted(ranks.items(), key=lambda pair: statistics.fmean(pair[1]))
    ]
    return Sheet(["", *cells, "mean rank", "CPU seconds"], rows, caption)


def find_largest_loss(cells: Mapping[str, Mapping[str, Sequence[Cell]]], split: str = "test") -> tuple[str, float]:
    """Return the set on which the mean accuracy of `auto` is furthest below that of the best preset, and how far."""
    losses = {}
    for name, by_schedule in cells.items():
        means = {
            each: statistics.fmean(cell[split]["accuracy"] for cell in found) for each, found in by_schedule.items()
        }
        losses[name] = max(means.values()) - means[AUTO]
    worst = max(losses, key=lambda name: losses[name])
    return worst, losses[worst]


def _spread(values: Sequence[float], digits: int = 3) -> str:
    """Return a mean with its standard error, where there are several values."""
    if not values:
        return ABSENT
    mean = f"{statistics.fmean(values):.{digits}f}".removeprefix("0")
    if len(values) < 2:
        return mean
    error = statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean} ± {f'{error:.{digits}f}'.removeprefix('0')}"
