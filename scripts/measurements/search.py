"""What a search costs against ordinary runs, and what its winner is worth on the test split.

Every side is a process of its own on an empty cache. Twenty runs by hand would store their features once too: their
cost is that of one on an empty cache and nineteen that find the features there.
"""

from __future__ import annotations

import csv
import json
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measurements import processes, tables
from measurements.defaults import sets
from measurements.first_hour import SETS
from measurements.processes import Ended
from measurements.tables import Sheet

TRIALS = 20
HEAD = {"name": "head", "unfreeze": "none", "epochs": 10, "learning_rate": 0.001}
TOP = {"name": "top", "unfreeze": {"last": 2}, "epochs": 5, "learning_rate": 0.0001}
_RATE = {"low": 1e-4, "high": 3e-2, "scale": "log"}
SPACES: Mapping[str, tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]]] = {
    "head": (
        [HEAD],
        {
            "phases.head.learning_rate": _RATE,
            "phases.head.weight_decay": {"low": 1e-4, "high": 1e-1, "scale": "log"},
            "head.dropout": {"low": 0, "high": 0.5},
        },
    ),
    "head and top": (
        [HEAD, TOP],
        {
            "phases.head.learning_rate": [0.001, 0.003, 0.01],
            "phases.top.learning_rate": {"low": 1e-5, "high": 1e-3, "scale": "log"},
            "phases.top.unfreeze": [{"last": 1}, {"last": 2}],
        },
    ),
}
"""The schedules that are searched, and their spaces."""


@dataclass(frozen=True)
class Comparison:
    """The cost of a search and of runs, in CPU and wall seconds, and accuracies on the test split."""

    search: tuple[float, float]
    run: tuple[float, float]
    later_run: tuple[float, float]
    """A run that finds its features stored."""
    accuracies: tuple[float, float]
    """Of the configuration as it is written, and of the winner."""
    interval: tuple[float, float]
    """95 % of the difference, winner less written, by pairs of answers."""
    same: bool
    """Whether the winner's run has the trial's metrics of validation to the last digit."""

    @property
    def runs_share(self) -> float:
        """The CPU time of the search as a share of that of as many runs."""
        return self.search[0] / (self.run[0] + (TRIALS - 1) * self.later_run[0])


def compare(name: str, space: str, data: Path, weights: Path, folder: Path) -> Comparison:
    """Measure one set with one space."""
    phases, varied = SPACES[space]
    folder.mkdir(parents=True, exist_ok=True)
    base = sets.prepare(SETS[name], 0, data, weights, folder / "sets")
    document = {**base, "name": "searched", "phases": list(phases), "output": {"directory": str(folder / "runs")}}
    config = _write(folder / "config.json", document)
    with tempfile.TemporaryDirectory() as cache:
        run = _run(folder, cache, "run", config, "--run-dir", str(folder / "written"))
        other = ("--set", "phases.head.learning_rate.peak=0.002")
        later = _run(folder, cache, "run", config, "--run-dir", str(folder / "later"), *other)
    with tempfile.TemporaryDirectory() as cache:
        words = ("--trials", str(TRIALS), "--run-dir", str(folder / "search"))
        searched = _run(folder, cache, "search", config, _write(folder / "space.json", varied), *words)
        _run(folder, cache, "run", str(folder / "search" / "best.json"), "--run-dir", str(folder / "winner"))
    written, winner = _read_answers(folder / "written"), _read_answers(folder / "winner")
    pairs = [winner[key] - written[key] for key in written]
    mean = sum(pairs) / len(pairs)
    deviation = math.sqrt(sum((each - mean) ** 2 for each in pairs) / (len(pairs) - 1))
    half = 1.96 * deviation / math.sqrt(len(pairs))
    return Comparison(
        *((each.cpu_seconds, each.seconds) for each in (searched, run, later)),
        (sum(written.values()) / len(written), sum(winner.values()) / len(winner)),
        (mean - half, mean + half),
        _is_same(folder),
    )


def _write(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def _run(folder: Path, cache: str, *words: str) -> Ended:
    return processes.run([sys.executable, "-m", "kerastune_ft", *words, "-q"], folder, {"KERASTUNE_CACHE": cache})


def _read_answers(run: Path) -> dict[str, int]:
    """Return for each example of the test split whether its class was found."""
    with open(run / "evaluation" / "predictions.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    return {row["input"]: int(row["label"] == row["prediction"]) for row in rows}


def _is_same(folder: Path) -> bool:
    number = int(json.loads((folder / "search/best.json").read_text("utf-8"))["//"].split()[1])
    trial = json.loads((folder / f"search/trials/{number:04d}/trial.json").read_text("utf-8"))
    found = json.loads((folder / "winner/metrics.json").read_text("utf-8"))["validation"]
    return all(trial["metrics"].get(f"validation_{name}") == value for name, value in found.items())


def sheet(found: Mapping[tuple[str, str], Comparison], caption: str) -> Sheet:
    """Return the comparisons as a table."""
    heads = ("set, space", "search CPU s", "run CPU s", "of a run", "of 20 runs", "test as written", "winner", "95 %")
    rows = [
        (
            f"{name}, {space}",
            tables.seconds(each.search[0]),
            tables.seconds(each.run[0]),
            tables.times(each.search[0] / each.run[0]),
            f"{100 * each.runs_share:.0f} %",
            f"{each.accuracies[0]:.3f}",
            f"{each.accuracies[1]:.3f}",
            f"{100 * each.interval[0]:+.1f} to {100 * each.interval[1]:+.1f}",
        )
        for (name, space), each in found.items()
    ]
    return Sheet(heads, rows, caption)
