"""The temperature of a finished run, which makes its probabilities calibrated ones where that is asked for."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics.calibration.temperature import FILE, Temperature, describe_temperature
from kerastune_ft.metrics.decisions.sets import count_needed
from kerastune_ft.metrics.document import FOLDS, OUT_OF_FOLD, REFIT_PLAN
from kerastune_ft.metrics.outcomes.base import Outcomes
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tasks.base import Task

PREDICTIONS = "evaluation/predictions.csv"
CHOOSING_SPLITS = ("validation", OUT_OF_FOLD)
"""The splits that temperatures and thresholds are chosen on; a run has one of them."""


def read_calibration(run: RunDirectory, task: Task) -> dict[str, Any]:
    """Return what model/calibration.json holds; of a run without it, the same fitted to its stored predictions.

    Raises ConfigError for a run whose answers have no probabilities, or that kept no predictions to fit to.
    """
    if run.exists(FILE):
        found: dict[str, Any] = run.read_json(FILE)
        return found
    split, outcomes = read_chosen_on(run, task)
    if outcomes.no_probabilities:
        raise ConfigError(f"{run} has nothing to calibrate: {outcomes.no_probabilities}")
    return describe_temperature(outcomes.fit_temperature(), split, outcomes.examples, find_chooser(run, split))


def find_chooser(run: RunDirectory, split: str) -> str | None:
    """Return the model whose answers for `split` chose temperature, thresholds and limits; None for the run's own.

    A refitted model has learned the validation examples itself, and an ensemble the examples of all folds, so that
    another model's answers have to do.
    """
    if split == OUT_OF_FOLD:
        return "the members of the cross-validation"
    return "the model before the refit" if run.exists(REFIT_PLAN) else None


def describe_chooser(run: RunDirectory) -> str | None:
    """Return a note for answers that use a temperature or limits, where another model chose these; None elsewhere."""
    split = OUT_OF_FOLD if run.exists(FOLDS) else "validation"
    chooser = find_chooser(run, split)
    if chooser is None:
        return None
    return (
        f"temperature and limits were chosen by answers of {chooser}, and not of the model that answers, so that "
        "neither calibrated probabilities nor the coverage of sets and intervals are promised; `evaluate` measures them"
    )


def use_temperature(run: RunDirectory, task: Task) -> Temperature:
    """Make `finish` and `decode` of a run's task give calibrated probabilities, and return the temperature.

    A model that is saved or exported with this task afterwards gives them too. Raises ConfigError as `read_calibration`
    does.
    """
    temperature: Temperature = read_calibration(run, task)["temperature"]
    task.set_temperature(temperature)
    return temperature


def adjust_answers(run: RunDirectory, task: Task, is_calibrated: bool = False, coverage: float | None = None) -> None:
    """Make the task of a run decode calibrated probabilities, and sets or intervals of a coverage, where asked for.

    What sets need is chosen on the predictions of the run's validation split. Raises ConfigError for a run whose labels
    have none, or with too few validation examples for the coverage.
    """
    temperature = use_temperature(run, task) if is_calibrated else None
    if coverage is None:
        return
    split, outcomes = read_chosen_on(run, task)
    if outcomes.no_sets:
        raise ConfigError(f"--coverage: {outcomes.no_sets}")
    limits = (outcomes if temperature is None else outcomes.calibrate(temperature)).find_limits(coverage)
    if not all(map(math.isfinite, limits)):
        raise ConfigError(
            f"--coverage: {coverage:g} needs {count_needed(coverage)} examples to choose by, and {run} has "
            f"{outcomes.examples} of {split.replace('_', ' ')}; give a smaller coverage"
        )
    task.set_limits(limits)


def read_chosen_on(run: RunDirectory, task: Task) -> tuple[str, Outcomes]:
    """Return the stored outcomes of the split that a run chooses thresholds and temperatures on, and its name.

    That is validation, or of a cross-validation what its members answered for the examples of their folds. Raises
    ConfigError where predictions.csv has neither.
    """
    rows: list[Mapping[str, str]] = []
    if run.exists(PREDICTIONS):
        text = run.read_bytes(PREDICTIONS).decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for split in CHOOSING_SPLITS:
        if own := [row for row in rows if row.get("split") == split]:
            return split, task.read_outcomes(own)
    raise ConfigError(
        f"{run} has no predictions of a validation split ({PREDICTIONS}), and nothing else tells a temperature or a "
        "threshold; run it again with a validation split"
    )
