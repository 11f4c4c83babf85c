"""Three lines of kerastune_ft, with what they propose, against a script written by hand with the same epochs.

The script gets the proposal's epochs, batch size, peak rates and early stopping, trains the same layers from the same
weights, and caches what it decodes or makes into tokens. Its own are the guides' constant rates and cropped images.
"""

from __future__ import annotations

import csv
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from measurements import processes, tables
from measurements.defaults import sets
from measurements.processes import Ended
from measurements.tables import Sheet

OURS, SCRIPT = "kerastune_ft", "script"
SETS: Mapping[str, str] = {
    "flowers": "images/flowers",
    "mars": "images/mars",
    "blood_cells": "images/blood_cells",
    "sst2": "text/sst2:800",
    "banking77": "text/banking77:1500",
    "medical_abstracts": "text/medical_abstracts:160",
}
"""The sets that are compared, and how much of each."""
_HERE = Path(__file__).parent
_MOST_TOKENS = 512
_SHARE_OF_TIME = 0.3


@dataclass(frozen=True)
class Cost:
    """The cost of a whole process, its test accuracy, and the epochs that it trained in each phase."""

    seconds: float
    cpu_seconds: float
    accuracy: float
    epochs: Sequence[int]


class Case:
    """A set with the validation split that a seed draws, and both sides of its comparison."""

    def __init__(self, name: str, seed: int, data: Path, weights: Path, folder: Path) -> None:
        self._seed, self._folder = seed, folder
        base = sets.prepare(SETS[name], seed, data, weights, folder / "sets")
        self._backbone = base["backbone"]
        self._is_image = SETS[name].startswith("images/")
        place = Path(base["data"]["path"])
        self._data = place if self._is_image else join(place.parent)

    def ours(self) -> tuple[Cost, Proposal]:
        """Run kerastune_ft on an empty cache, and return its cost and what it proposed."""
        run = self._folder / "ours"
        shutil.rmtree(run, ignore_errors=True)
        command = [
            *(sys.executable, str(_HERE / "three_lines.py"), "--data", str(self._data), "--run", str(run)),
            *("--backbone", json.dumps(self._backbone), "--seed", str(self._seed)),
        ]
        with tempfile.TemporaryDirectory() as cache:
            ended = processes.run(command, self._folder, {"KERASTUNE_CACHE": cache})
        documents = [json.loads((run / f"{name}.json").read_text("utf-8")) for name in ("manifest", "metrics", "plan")]
        epochs = [phase["epochs"] for phase in documents[0]["phases"]]
        proposal = Proposal(read(str(run / "config.json")), documents[2])
        return _cost(ended, documents[1]["test"]["accuracy"], epochs), proposal

    def script(self, proposal: Proposal) -> Cost:
        """Run the script by hand with the epochs of a proposal, and return its cost."""
        name = "hand_written.py" if self._is_image else "hand_written_texts.py"
        options = self._options_of_images() if self._is_image else self._options_of_texts(proposal.config)
        output = ("--output", str(self._folder / "script.keras"), "--seed", str(self._seed))
        command = [sys.executable, str(_HERE / name), *output, *options, *proposal.options()]
        ended = processes.run(command, self._folder, {})
        report = ended.result()
        if report["trained_parameters"] != proposal.trainable_parameters:
            raise click.ClickException("the sides train different parameters: this is no comparison")
        return _cost(ended, report["test_accuracy"], [len(report["head_epochs"]), len(report["top_epochs"])])

    def _options_of_images(self) -> list[str]:
        found = self._backbone
        return [
            *("--data", str(self._data), "--weights", found["weights"], "--cached"),
            *("--alpha", str(found["options"]["alpha"]), "--image-size", str(found["image_size"])),
        ]

    def _options_of_texts(self, config: RunConfig) -> list[str]:
        most = config.data.sequence_length or _MOST_TOKENS
        return ["--data", str(self._data.parent), "--preset", self._backbone["preset"], "--most-tokens", str(most)]


@dataclass(frozen=True)
class Proposal:
    """The configuration and the plan of a run of kerastune_ft, from which the script gets its epochs and layers."""

    config: RunConfig
    plan: Mapping[str, Any]

    @property
    def trainable_parameters(self) -> int:
        """Return the number of parameters that train in the last phase."""
        return int(self.plan["phases"][-1]["trainable_parameters"])

    def options(self) -> list[str]:
        """Return the options of the script: the epochs, peak rates, batches and patience, and what trains."""
        head, *later = self.config.phases
        top = later[-1] if later else head
        layers = dict.fromkeys(path.partition("/")[0] for path in self.plan["phases"][-1]["trained_variables"])
        stops = [phase.early_stopping for phase in (head, top)]
        patience = [str(stop.patience) for stop in stops if stop is not None]
        return [
            *("--batch-size", str(head.batch_size), "--dropout", str(self.config.head.dropout)),
            *("--head-epochs", str(head.epochs), "--head-rate", str(head.learning_rate.peak)),
            *("--top-epochs", str(top.epochs if later else 0), "--top-rate", str(top.learning_rate.peak)),
            *(("--patience", *patience) if len(patience) == len(stops) else ()),
            *("--train", *(layer for layer in layers if layer not in self.plan["head"]["layers"])),
        ]


def _cost(ended: Ended, accuracy: float, epochs: Sequence[int]) -> Cost:
    return Cost(ended.seconds, ended.cpu_seconds, accuracy, epochs)


def join(folder: Path) -> Path:
    """Return one table of the splits of a folder, with the column `split`, as a user's DataFrame has it."""
    target = folder / "all.csv"
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "split"))
        for split in ("train", "validation", "test"):
            with (folder / f"{split}.csv").open(newline="", encoding="utf-8") as part:
                writer.writerows((row["text"], row["label"], split) for row in csv.DictReader(part))
    return target


def compare(
    names: Sequence[str], seeds: int, data: Path, weights: Path, folder: Path
) -> dict[str, dict[str, list[Cost]]]:
    """Run both sides of every set once a seed, in alternating order, and return the costs by set and side."""
    costs: dict[str, dict[str, list[Cost]]] = {}
    for name in names:
        sides = costs.setdefault(name, {OURS: [], SCRIPT: []})
        proposal = None
        for seed in range(1, seeds + 1):
            case = Case(name, seed, data, weights, folder)
            # The first proposal is known only once ours has run; it is the same for every seed.
            if proposal is not None and seed % 2 == 0:
                sides[SCRIPT].append(_report(name, SCRIPT, case.script(proposal)))
            cost, proposal = case.ours()
            sides[OURS].append(_report(name, OURS, cost))
            if len(sides[SCRIPT]) < seed:
                sides[SCRIPT].append(_report(name, SCRIPT, case.script(proposal)))
    return costs


def _report(name: str, side: str, cost: Cost) -> Cost:
    """Print the cost of a process on standard error, and return it."""
    epochs = " + ".join(map(str, cost.epochs))
    print(
        f"{name}, {side}: {cost.seconds:.1f} s, {cost.cpu_seconds:.1f} s of CPU, test accuracy {cost.accuracy:.4f}, "
        f"{epochs} epochs",
        file=sys.stderr,
        flush=True,
    )
    return cost


def sheet(costs: Mapping[str, Mapping[str, Sequence[Cost]]], caption: str) -> Sheet:
    """Return a table with a row per set: accuracies, seconds and CPU seconds of both sides, and their ratios."""
    heads = (
        "set",
        "accuracy",
        "script's",
        "seconds",
        "script's",
        "ratio",
        "CPU seconds",
        "script's",
        "ratio",
        "reached",
    )
    rows = [_row(name, sides[OURS], sides[SCRIPT]) for name, sides in costs.items()]
    return Sheet(heads, rows, caption)


def _row(name: str, ours: Sequence[Cost], script: Sequence[Cost]) -> list[str]:
    cells = [name, _mean_and_error(ours), _mean_and_error(script)]
    ratios = []
    for kind in ("seconds", "cpu_seconds"):
        means = [statistics.fmean(getattr(cost, kind) for cost in side) for side in (ours, script)]
        ratios.append(means[0] / means[1])
        cells += [*(tables.seconds(mean) for mean in means), tables.times(ratios[-1])]
    return [*cells, _judge(ours, script, ratios[0])]


def _judge(ours: Sequence[Cost], script: Sequence[Cost], ratio: float) -> str:
    """Return which of the two aims a set reaches: the script's accuracy less a standard error, in .3 of its time."""
    means = [statistics.fmean(cost.accuracy for cost in side) for side in (ours, script)]
    # Keras counts in float32, so that the same share of the examples differs in the last digits.
    kept = {"accuracy": means[0] >= means[1] - _error(script) - 1e-6, "time": ratio <= _SHARE_OF_TIME}
    return " and ".join(name for name, reached in kept.items() if reached) or "neither"


def _mean_and_error(costs: Sequence[Cost]) -> str:
    return f"{statistics.fmean(cost.accuracy for cost in costs):.3f} ± {_error(costs):.3f}"


def _error(costs: Sequence[Cost]) -> float:
    """Return the standard error of the mean accuracy; 0 of a single one."""
    return statistics.stdev(cost.accuracy for cost in costs) / len(costs) ** 0.5 if len(costs) > 1 else 0.0
