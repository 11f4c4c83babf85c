"""What the scripts written by hand share: their clocks, the options of their schedule, and their report.

How data are read, and how a model is made and trained, stands in each script, as a user would write it.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import keras


class EpochSeconds(keras.callbacks.Callback):
    """Takes the seconds of every epoch, validation included."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self._began)


class Parts:
    """The seconds of the parts of a script, each from the end of the one before."""

    def __init__(self, first: float) -> None:
        """`first` is what `time.perf_counter` gave where the first part began."""
        self.seconds: dict[str, float] = {}
        self._last = first

    def end(self, name: str) -> None:
        """End a part."""
        now = time.perf_counter()
        self.seconds[name], self._last = now - self._last, now


def schedule_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options of a schedule of two phases, and of where its model is saved."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=Path, required=True, help="where the model is saved")
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--dropout", type=float, required=True)
    parser.add_argument("--head-epochs", type=int, required=True)
    parser.add_argument("--top-epochs", type=int, required=True, help="0 leaves the second phase out")
    parser.add_argument("--head-rate", type=float, required=True)
    parser.add_argument("--top-rate", type=float, required=True)
    parser.add_argument(
        "--patience", type=int, nargs=2, default=(None, None), help="epochs without improvement that end each phase"
    )
    parser.add_argument("--train", nargs="*", default=(), metavar="LAYER", help="what trains in the second phase")
    parser.add_argument("--seed", type=int, required=True)
    return parser


def print_report(
    model: keras.Model, began: float, parts: Parts, epochs: tuple[list[float], list[float]], accuracy: float
) -> None:
    """Print as JSON what a script took: `epochs` are the seconds of those of each phase."""
    trained = sum(math.prod(variable.shape) for variable in model.trainable_variables)
    report = {"began": began, "parts": parts.seconds, "test_accuracy": accuracy, "trained_parameters": trained}
    print(json.dumps({**report, "head_epochs": epochs[0], "top_epochs": epochs[1]}))
