"""The sides of a comparison: kerastune_ft as its users run it, and scripts written by hand."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from measurements import processes
from measurements.processes import Ended
from measurements.schedule import Schedule

PARTS = ("import", "data and build", "features", "head", "top", "evaluate", "save and report", "exit")
"""The parts into which the seconds of a process are divided."""
_HERE = Path(__file__).parent
_PROGRAM = (sys.executable, "-m", "kerastune_ft")


@dataclass(frozen=True)
class Cost:
    """The cost of a process that ran a schedule, and its test accuracy."""

    seconds: float
    cpu_seconds: float
    rss_bytes: int
    anonymous_bytes: int | None
    parts: dict[str, float]
    head_epochs: Sequence[float]
    top_epochs: Sequence[float]
    """Seconds of every epoch, validation included."""
    test_accuracy: float

    def to_json(self) -> dict[str, Any]:
        """Return the cost as a JSON object."""
        return asdict(self)


class Sides:
    """Runs a schedule on a folder with splits; `folder` is for what the runs leave behind."""

    def __init__(self, schedule: Schedule, data: Path, folder: Path) -> None:
        self.schedule, self._data, self._folder = schedule, data, folder
        folder.mkdir(parents=True, exist_ok=True)

    @cached_property
    def plan(self) -> dict[str, Any]:
        """Return the plan of kerastune_ft, which says what trains."""
        command = [*_PROGRAM, "plan", str(self._config(0)), "--json"]
        return json.loads(processes.run(command, self._folder, self._environment("plan")).output)

    def framework(self, seed: int, cache: str, name: str) -> Cost:
        """Run kerastune_ft from the start of the process to the written report, on the feature cache of this name."""
        run = self._folder / name
        command = [*_PROGRAM, "run", str(self._config(seed)), "--run-dir", str(run)]
        ended = processes.run(command, self._folder, self._environment(cache))
        metrics = json.loads((run / "metrics.json").read_text("utf-8"))
        return _cost(ended, _parts(run, ended), _epochs(run), metrics["test"]["accuracy"])

    def script(self, seed: int, *, cached: bool) -> Cost:
        """Run the hand-written script, with the decoded images cached or not."""
        schedule = self.schedule
        command = [
            *(sys.executable, str(_HERE / "hand_written.py"), *schedule.options(self._data, seed)),
            *("--head-epochs", str(schedule.head_epochs), "--head-rate", str(schedule.head_rate)),
            *("--output", str(self._folder / "model.keras"), "--train", *self._trained_layers),
            *(("--cached",) if cached else ()),
        ]
        ended = processes.run(command, self._folder, {})
        told = self._check(ended.result())
        parts = dict(told["parts"])
        parts["data and build"] = parts.pop("data") + parts.pop("build")
        parts["save and report"] = parts.pop("save")
        # The interpreter starts before the script's own clock does.
        parts["import"] += told["began"] - ended.began
        parts["exit"] = ended.seconds - sum(parts.values())
        epochs = {"head": told["head_epochs"], "top": told["top_epochs"]}
        return _cost(ended, parts, epochs, told["test_accuracy"])

    def tail(self, seed: int, how: str) -> dict[str, Any]:
        """Train the tail of the last phase alone on arrays in memory, by `fit` or by a `loop` of its own."""
        top = self.plan["phases"][-1]
        if len(top["cut"]) != 1:
            raise click.UsageError("the hand-written tail takes one tensor; choose fewer --last units")
        command = [
            *(sys.executable, str(_HERE / "hand_written_tail.py"), *self.schedule.options(self._data, seed)),
            *("--cut", top["cut"][0]["name"], "--how", how, "--train", *self._trained_layers),
        ]
        return self._check(processes.run(command, self._folder, {}).result())

    @property
    def _trained_layers(self) -> list[str]:
        """Return the layers of the backbone that train in the last phase."""
        trained = self.plan["phases"][-1]["trained_variables"]
        layers = dict.fromkeys(path.partition("/")[0] for path in trained)
        return [layer for layer in layers if layer not in self.plan["head"]["layers"]]

    def _check(self, told: dict[str, Any]) -> dict[str, Any]:
        ours, theirs = self.plan["phases"][-1]["trainable_parameters"], told["trained_parameters"]
        if ours != theirs:
            raise click.ClickException(
                f"the script trains {theirs} parameters and kerastune_ft {ours}: this is no comparison"
            )
        return told

    def _config(self, seed: int) -> Path:
        path = self._folder / f"config-{seed}.json"
        path.write_text(json.dumps(self.schedule.config(self._data, seed), indent=1), "utf-8")
        return path

    def _environment(self, cache: str) -> dict[str, str]:
        return {"KERASTUNE_CACHE": str(self._folder / f"{cache}.cache")}


def _cost(ended: Ended, parts: dict[str, float], epochs: dict[str, list[float]], accuracy: float) -> Cost:
    return Cost(
        seconds=ended.seconds,
        cpu_seconds=ended.cpu_seconds,
        rss_bytes=ended.rss_bytes,
        anonymous_bytes=ended.anonymous_bytes,
        parts={name: parts.get(name, 0.0) for name in PARTS},
        head_epochs=epochs.get("head", []),
        top_epochs=epochs.get("top", []),
        test_accuracy=accuracy,
    )


def _epochs(run: Path) -> dict[str, list[float]]:
    epochs: dict[str, list[float]] = {}
    with (run / "history.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            epochs.setdefault(row["phase"], []).append(float(row["seconds"]))
    return epochs


def _parts(run: Path, ended: Ended) -> dict[str, float]:
    """Divide the seconds of a run into parts, by the times of its progress lines and of its files.

    The first line comes after all imports, and the line of a phase after its features are stored.
    """

    def time_of_line(start: str) -> float:
        return next(seconds for seconds, line in ended.notes if line.startswith(start))

    def time_of_file(name: str) -> float:
        return (run / name).stat().st_mtime - ended.began

    parts = dict.fromkeys(PARTS, 0.0)
    first, last = time_of_line("run "), time_of_file("plan.json")
    parts |= {"import": first, "data and build": last - first}
    for folder in sorted((run / "phases").iterdir()):
        name = folder.name.partition("-")[2]
        began, done = time_of_line(f"phase {name}: "), time_of_file(f"phases/{folder.name}/result.json")
        parts["features"] += began - last
        parts[name], last = done - began, done
    measured, reported = time_of_file("metrics.json"), time_of_file("manifest.json")
    return {
        **parts,
        "evaluate": measured - last,
        "save and report": reported - measured,
        "exit": ended.seconds - reported,
    }
