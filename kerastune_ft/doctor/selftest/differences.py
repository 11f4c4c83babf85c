"""How far two runs differ, in all that must be the same: histories, weights, predictions; read without TensorFlow."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from kerastune_ft.wording import counted

_WEIGHTS = "phases/*/best.safetensors"
_PREDICTIONS = "evaluation/predictions.csv"
# What no promise is about.
_TIMES = ("seconds",)


@dataclass(frozen=True)
class Difference:
    """The largest difference of two runs in each of their parts, and how much was compared."""

    parts: Mapping[str, float]
    compared: str

    @property
    def largest(self) -> float:
        """Return the largest of all; infinite where one has something that the other has not."""
        return max(self.parts.values())

    @property
    def where(self) -> str:
        """Return the part that differs most."""
        return max(self.parts, key=lambda name: self.parts[name])


def compare_runs(one: Path, other: Path) -> Difference:
    """Return how far two run directories differ in histories, best weights and predictions."""
    history, rows = _compare_tables(one / "history.csv", other / "history.csv")
    predictions, answers = _compare_tables(one / _PREDICTIONS, other / _PREDICTIONS)
    weights, values = _compare_weights(one, other)
    compared = f"{counted(rows, 'epoch')}, {counted(values, 'weight')}, {counted(answers, 'prediction')}"
    return Difference({"history": history, "weights": weights, "predictions": predictions}, compared)


def _compare_tables(one: Path, other: Path) -> tuple[float, int]:
    tables = [_read_table(path) for path in (one, other)]
    if len(tables[0]) != len(tables[1]) or not tables[0]:
        return math.inf, len(tables[0])
    return max(_compare_rows(*rows) for rows in zip(*tables, strict=True)), len(tables[0])


def _read_table(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: cell for key, cell in row.items() if key not in _TIMES} for row in csv.DictReader(file)]


def _compare_rows(one: Mapping[str, str], other: Mapping[str, str]) -> float:
    if one.keys() != other.keys():
        return math.inf
    return max((_compare_cells(one[key], other[key]) for key in one), default=0.0)


def _compare_cells(one: str, other: str) -> float:
    if one == other:
        return 0.0
    try:
        difference = abs(float(one) - float(other))
    except ValueError:
        return math.inf
    return math.inf if math.isnan(difference) else difference


def _compare_weights(one: Path, other: Path) -> tuple[float, int]:
    files = {path.relative_to(one) for path in one.glob(_WEIGHTS)}
    if not files or files != {path.relative_to(other) for path in other.glob(_WEIGHTS)}:
        return math.inf, 0
    largest, count = 0.0, 0
    for name in sorted(files):
        values, others = load_file(one / name), load_file(other / name)
        if values.keys() != others.keys():
            return math.inf, count
        for key, value in values.items():
            largest = max(largest, measure_difference(value, others[key]))
            count += value.size
    return largest, count


def measure_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two arrays; infinite for other shapes, or where one alone is not a number."""
    if one.shape != other.shape:
        return math.inf
    if not one.size or one.tobytes() == other.tobytes():
        return 0.0
    with np.errstate(invalid="ignore"):
        difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    difference[(one == other) | (np.isnan(one) & np.isnan(other))] = 0.0
    return math.inf if np.isnan(difference).any() else float(difference.max())


def compare_with_file(run: Path, weights: Path) -> Difference:
    """Return how many variables that never trained are other than in the file that the backbone began with."""
    phases = json.loads((run / "manifest.json").read_text())["phases"]
    frozen = [phase["frozen"]["after"] for phase in phases]
    always = set.intersection(*map(set, frozen))
    began = {key: hashlib.sha256(value.tobytes()).hexdigest() for key, value in load_file(weights).items()}
    known = sorted(always & began.keys())
    changed = [key for key in known if any(after[key] != began[key] for after in frozen)]
    return Difference({"variables": float(len(changed)) if known else math.inf}, counted(len(known), "frozen variable"))


def compare_answers(run: Path, answers: np.ndarray) -> Difference:
    """Return how far the answers of an opened model are from the predictions that were measured."""
    rows = _read_table(run / _PREDICTIONS)
    names = [name for name in rows[0] if name.startswith("probability_")]
    measured = np.array([[float(row[name]) for name in names] for row in rows])
    given = answers if answers.ndim == 2 and answers.shape[1] == len(names) else np.stack([1 - answers, answers], -1)
    difference = measure_difference(measured, given.reshape(len(rows), -1).astype(np.float64))
    return Difference({"predictions": difference}, counted(len(rows), "prediction"))
