"""Comparing a partial phase of kerastune_ft with training only its tail on arrays in memory."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measurements import tables
from measurements.rounds import OURS, discard, later
from measurements.sides import Sides
from measurements.tables import Sheet

WAYS = {"tail alone, Model.fit": "fit", "tail alone, own loop": "loop"}


def measure(sides: Sides, folder: Path, rounds: int) -> dict[str, dict[str, Any]]:
    """Return per side the seconds of the first epoch, which compiles, and of a later one, and the ratios to ours.

    kerastune_ft runs twice a round on one cache, and its second run is taken: there is nothing left to extract. The
    ratios say by how much ours costs more (above 1) or less.
    """
    epochs: dict[str, list[Sequence[float]]] = {name: [] for name in (OURS, *WAYS)}
    accuracies: dict[str, list[float]] = {name: [] for name in epochs}
    for number in range(rounds):
        for name in (OURS, *WAYS) if number % 2 == 0 else (*reversed(WAYS), OURS):
            if name == OURS:
                sides.framework(number, "cold", "first")
                cost = sides.framework(number, "cold", "second")
                found, accuracy = cost.top_epochs, cost.test_accuracy
                discard(folder)
            else:
                told = sides.tail(number, WAYS[name])
                found, accuracy = told["epochs"], told["test_accuracy"]
            epochs[name].append(found)
            accuracies[name].append(accuracy)
            print(f"{name}: {', '.join(tables.seconds(seconds) for seconds in found)}", file=sys.stderr)
    compared = _compare(epochs)
    for name, each in accuracies.items():
        compared[name]["test_accuracy"] = statistics.median(each)
    return compared


def _compare(epochs: dict[str, list[Sequence[float]]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {
        name: {
            "first_epoch": later([each[:1] for each in runs]),
            "later_epoch": later(runs),
            "all_epochs": later([[sum(each)] for each in runs]),
        }
        for name, runs in epochs.items()
    }
    for column in found.values():
        column["ratio"] = found[OURS]["later_epoch"] / column["later_epoch"]
        column["ratio_of_all"] = found[OURS]["all_epochs"] / column["all_epochs"]
    return found


def sheet(found: dict[str, dict[str, Any]], caption: str) -> Sheet:
    """Return the figures as a table with a column per side."""
    columns = list(found.values())
    rows = [
        [words, *(spell(column[name]) for column in columns)]
        for words, name, spell in (
            ("first epoch", "first_epoch", tables.seconds),
            ("a later epoch", "later_epoch", tables.seconds),
            (f"{OURS} costs so many times", "ratio", tables.times),
            ("all epochs", "all_epochs", tables.seconds),
            (f"{OURS} costs so many times", "ratio_of_all", tables.times),
            ("test accuracy", "test_accuracy", "{:.4f}".format),
        )
    ]
    return Sheet(("seconds", *found), rows, caption)
