"""What a cross-validation costs beside single runs of the same configuration, each with a cache of its own."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measurements import processes, tables
from measurements.schedule import Schedule
from measurements.tables import Sheet

SINGLE, FOLDS = "a single run", "all folds"
_PROGRAM = (sys.executable, "-m", "kerastune_ft")


@dataclass(frozen=True)
class Cost:
    """The cost of a whole process and the test accuracy of its model."""

    seconds: float
    cpu_seconds: float
    accuracy: float


def measure(asked: Schedule, data: Path, folds: int, rounds: int) -> dict[str, list[Cost]]:
    """Return the costs of both, in alternating rounds, from nothing stored to the written report."""
    costs: dict[str, list[Cost]] = {SINGLE: [], FOLDS: []}
    config = asked.config(data, 0)
    if not asked.top_epochs:
        config["phases"] = config["phases"][:1]
    commands = {SINGLE: ("run",), FOLDS: ("crossvalidate", "--folds", str(folds))}
    for number in range(rounds):
        for name in (SINGLE, FOLDS) if number % 2 == 0 else (FOLDS, SINGLE):
            costs[name].append(_run(commands[name], config))
            print(f"{name}: {costs[name][-1]}", file=sys.stderr)
    return costs


def _run(words: Sequence[str], config: Mapping[str, Any]) -> Cost:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        command = [*_PROGRAM, words[0], "config.json", *words[1:], "--run-dir", "made"]
        ended = processes.run(command, folder, {"KERASTUNE_CACHE": str(folder / "cache")})
        metrics = json.loads((folder / "made/metrics.json").read_text("utf-8"))
    return Cost(ended.seconds, ended.cpu_seconds, metrics["test"]["accuracy"])


def sheet(costs: Mapping[str, Sequence[Cost]], caption: str) -> Sheet:
    """Return medians as a table, with the cost of all folds in single runs."""
    found = {
        name: [
            statistics.median(getattr(cost, field) for cost in each) for field in ("seconds", "cpu_seconds", "accuracy")
        ]
        for name, each in costs.items()
    }
    rows = [[name, tables.seconds(a), tables.seconds(b), f"{c:.3f}"] for name, (a, b, c) in found.items()]
    ratios = [tables.times(found[FOLDS][place] / found[SINGLE][place]) for place in (0, 1)]
    return Sheet(
        ("", "seconds", "CPU seconds", "test accuracy"), [*rows, ["single runs", *ratios, tables.ABSENT]], caption
    )
