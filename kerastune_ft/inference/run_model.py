"""What every prediction comes from: the model of a run directory, and the task that reads its outputs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.run import is_inner
from kerastune_ft.config.run import RunConfig
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import DataError
from kerastune_ft.graph.hub_layers import settle
from kerastune_ft.quiet_imports import without_warnings_of_keras
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.storage import as_local_file
from kerastune_ft.tasks.base import Task
from kerastune_ft.training.evaluation.final import THRESHOLDS
from kerastune_ft.training.evaluation.saved_model import MODEL

ERROR = "error"
Row = dict[str, Any]


class Outputs:
    """The model of a run directory, from inputs as training made them to raw outputs, and what these mean."""

    def __init__(self, run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> None:
        """Load the model; raise ConfigError where the run has none."""
        self.task = _task(run, config, plan)
        self.model = _raw_model(run)
        nothing = np.zeros((1, len(self.task.scheme.names)), np.float32)
        self.columns = ("input", *self._named(nothing), ERROR)

    def row(self, name: str, problem: str | None, cells: Iterator[Row]) -> Row:
        """Return the row of an input, with its problem or the next of `cells`."""
        empty = dict.fromkeys(self.columns)
        return empty | {"input": name, ERROR: problem} | ({} if problem else next(cells))

    def cells(self, outputs: np.ndarray) -> Iterator[Row]:
        """Give the cells of every row of raw outputs."""
        columns = self._named(outputs)
        for values in zip(*columns.values(), strict=True):
            yield {name: _plain(value) for name, value in zip(columns, values, strict=True)}

    def _named(self, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """Return the task's columns, with the predicted label under the name it has for users."""
        columns = self.task.predictions(None, outputs)
        return {"label" if name == "prediction" else name: values for name, values in columns.items()}


def _plain(value: Any) -> Any:
    """Return a cell as text or number; of a number the digits that float32 has."""
    return value if isinstance(value, str) else float(f"{value:.12g}")


def _task(run: RunDirectory, config: RunConfig, plan: Mapping[str, Any]) -> Task:
    build: Callable = importlib.import_module(f"kerastune_ft.tasks.{config.task.kind}").build
    task = build(config.task, config.head, LabelScheme.from_json(plan["labels"]), config.seed)
    if run.exists(THRESHOLDS):
        task.set_thresholds(run.read_json(THRESHOLDS))
    return task


def _raw_model(run: RunDirectory) -> keras.Model:
    """Return the saved model from fixed-shape images to raw outputs: what lies between its resize and its finish."""
    path = run.path / MODEL
    try:
        with as_local_file(path) as file, without_warnings_of_keras():
            saved = keras.models.load_model(file, compile=False)
    except (OSError, ValueError, TypeError) as problem:
        said = " ".join(str(problem).split())[:200]
        raise DataError(
            f"{path} cannot be opened: {said}\nRestore it, or give the run's command with --fresh"
        ) from problem
    found = next(layer for layer in saved.layers if is_inner(layer))
    settle(found)
    return found
