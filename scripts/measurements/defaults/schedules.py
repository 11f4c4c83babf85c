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
from kerastune_ft.scaffolding.propose import Wishes, propose
from kerastune_ft.scheduling.rules import VERSION
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
SCHEDULES = (
    AUTO,
    *(
        name
        for name, preset in PRESETS.items()
        if not preset.required and not preset.for_models_that_write and name != AUTO
    ),
)
"""All schedules of classifiers that a word stands for."""
PROPOSED = "init"
"""What `init` writes for the data, phases and `defaults`, which may stand beside them."""
# How far below the best preset "auto" may be on a set: in points, or in standard errors.
_MOST_POINTS, _MOST_ERRORS = 2.0, 2.0

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
    # What other rules chose is no figure of these.
    written = f"{schedule}.{VERSION}" if schedule == AUTO else schedule
    file = folder / "cells" / f"{place.replace('/', '-').replace(':', '-')}-{written}-{seed}.json"
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
    """Run one schedule and return what it reached and cost, or why the backbone has nothing for it."""
    import kerastune_ft as kt

    run_dir = folder / "run"
    config = {
        **sets.prepare(place, seed, data, weights, folder / "sets"),
        "seed": seed,
        "runtime": {"cache_directory": str(folder / "cache")},
        "output": {"directory": str(folder)},
    }
    config |= _find_settings(config, schedule)
    # A run that was stopped goes on, and its time so far is lost: it is begun again.
    shutil.rmtree(run_dir, ignore_errors=True)
    began, used = time.monotonic(), time.process_time()
    try:
        run = kt.run(config, run_dir=run_dir)
    except kt.ConfigError as error:
        return {"refused": str(error)}
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


def _find_settings(config: Mapping[str, Any], schedule: str) -> dict[str, Any]:
    """Return the parts of a configuration that a schedule is."""
    if schedule != PROPOSED:
        return {"phases": schedule}
    label = [config["data"]["label"]] if "label" in config["data"] else []
    document = propose(Path(config["data"]["path"]), str, label, Wishes(backbone=config["backbone"])).document
    return {key: document[key] for key in ("defaults", "phases")}


def rank(cells: Mapping[str, Mapping[str, Sequence[Cell]]], split: str) -> dict[str, list[float]]:
    """Return the ranks of every schedule by accuracy, one for each set and seed; of equals the mean of their places.

    What was refused is behind all that were not.
    """
    ranks: dict[str, list[float]] = {}
    for by_schedule in cells.values():
        for seed in range(min(map(len, by_schedule.values()))):
            values = {name: _read_accuracy(each[seed], split) for name, each in by_schedule.items()}
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
            *(
                _spread([cell[split]["accuracy"] for cell in each[schedule] if split in cell])
                for each in cells.values()
            ),
            _spread(found, 1),
            f"{sum(cell.get('cpu_seconds', 0) for each in cells.values() for cell in each[schedule]):,.0f}",
        ]
        for schedule, found in sorted(ranks.items(), key=lambda pair: statistics.fmean(pair[1]))
    ]
    return Sheet(["", *cells, "mean rank", "CPU seconds"], rows, caption)


def judge(cells: Mapping[str, Mapping[str, Sequence[Cell]]], split: str = "test") -> list[str]:
    """Return how `auto` stands against the best preset: in mean rank, and set by set, in points of accuracy.

    The best preset of a set is that of the highest mean. Standard errors are those of a mean rank over sets and seeds,
    and of the mean difference over seeds, which have the same examples.
    """
    ranks = rank(cells, split)
    if AUTO not in ranks or len(ranks) < 2:
        return []
    best = min((name for name in ranks if name != AUTO), key=lambda name: statistics.fmean(ranks[name]))
    behind = statistics.fmean(ranks[AUTO]) - statistics.fmean(ranks[best])
    error = _find_error(ranks[best])
    within = "" if error is None else f": {'within' if behind <= error else 'beyond'} one standard error"
    lines = [
        f"mean rank of auto {_spread(ranks[AUTO], 2)}, of the best preset, {best}, {_spread(ranks[best], 2)}{within}"
    ]
    return [*lines, *(_judge_set(name, each, split) for name, each in cells.items())]


def _judge_set(name: str, by_schedule: Mapping[str, Sequence[Cell]], split: str) -> str:
    """Return how far `auto` is from the best preset of a set."""
    values = {each: [_read_accuracy(cell, split) for cell in found] for each, found in by_schedule.items()}
    best = max((each for each in values if each != AUTO), key=lambda each: statistics.fmean(values[each]))
    gains = [100 * (own - other) for own, other in zip(values[AUTO], values[best], strict=False)]
    gain, error = statistics.fmean(gains), _find_error(gains)
    errors = "" if not error else f", {gain / error:+.1f} standard errors"
    is_far = gain < -_MOST_POINTS and (not error or gain < -_MOST_ERRORS * error)
    return f"{name}: auto {gain:+.1f} points against {best}{errors}{' (too far)' if is_far else ''}"


def _read_accuracy(cell: Cell, split: str) -> float:
    return float(cell[split]["accuracy"]) if split in cell else -math.inf


def _find_error(values: Sequence[float]) -> float | None:
    """Return the standard error of a mean, None for one value."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None


def _spread(values: Sequence[float], digits: int = 3) -> str:
    """Return a mean with its standard error, where there are several values."""
    if not values:
        return ABSENT
    mean, error = f"{statistics.fmean(values):.{digits}f}".removeprefix("0"), _find_error(values)
    if error is None:
        return mean
    return f"{mean} ± {f'{error:.{digits}f}'.removeprefix('0')}"
